#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "scenarios/parse/reader.h"

namespace squall::scenarios {

/// Reads a YAML document that is no scenario, but is written like one: `take` gets its root.
/// Errors: every mistake in it, a line each: `source:line:column: what, and what was expected`.
Result<void> read_document(std::string_view text, const std::string& source,
                           const std::function<void(Reading& reading, const Node& root)>& take);

}  // namespace squall::scenarios
