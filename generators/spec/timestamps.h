#pragma once

#include <optional>
#include <string_view>

#include "harness/base/units.h"

namespace squall::generators {

/// A moment as access logs write it, since 1970: "21/Nov/2026:10:52:44 +0100", ISO 8601
/// ("2026-11-21T10:52:44.5Z"; without a zone it is UTC), or a number of seconds, milli-, micro- or
/// nanoseconds, whichever makes it a moment of our times. None for what is nothing of these.
std::optional<Duration> parse_timestamp(std::string_view text);

}  // namespace squall::generators
