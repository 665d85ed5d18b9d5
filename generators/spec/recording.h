#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "generators/spec/load_spec.h"
#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::generators {

/// A request as it was recorded.
struct RecordedRequest {
  Duration at{};  ///< After the first one.
  std::string method;
  std::string path;  ///< With its query; as in the file, so it may hold what no path may.
  std::vector<std::pair<std::string, std::string>> headers;  ///< Names in lower case; HAR only.
  std::string body;                                          ///< HAR only.
};

/// What an access log or a HAR file tells of the requests that somebody made.
///
/// Lifecycle:  a value; read when the scenario is, and again by each agent.
/// Threads:    immutable, any thread may read it.
/// Errors:     read_recording() fails when there is nothing in it that could be replayed; single
///             lines that cannot be read are counted.
struct Recording {
  std::vector<RecordedRequest> requests;  ///< By time. At least one.
  std::uint64_t unread = 0;               ///< Lines or entries that could not be read,
  std::string first_unread;               ///< and the first of them: "access.log:7: no time".
};

/// Reads a recording from text; `name` stands for the file in messages. Without a format: HAR when
/// the name ends in .har, JSON when the text begins with '{', else combined. With `methods`, only
/// requests with one of them are kept.
Result<Recording> parse_recording(std::string_view text, const std::string& name,
                                  std::optional<ReplaySpec::Format> format,
                                  const std::vector<std::string>& methods);

/// The same from the file that `replay` names; relative names start at `directory`.
Result<Recording> read_recording(const ReplaySpec& replay, const std::filesystem::path& directory);

/// When `request` is due, from the beginning of its load.
Duration due_in_replay(const RecordedRequest& request, const ReplaySpec& replay);

}  // namespace squall::generators
