#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/units.h"

namespace squall::generators {

/// Where else an origin is served.
struct Alternative {
  std::string protocol;  ///< As ALPN has it: "h3".
  std::string host;      ///< Empty: the origin's.
  std::uint16_t port = 0;
  Duration max_age = std::chrono::hours(24);
  bool operator==(const Alternative&) const = default;
};

/// Reads the value of an Alt-Svc header (RFC 7838 §3), best alternative first. Empty: "clear", all
/// that was known is to be forgotten. None when it is malformed, and to be ignored.
std::optional<std::vector<Alternative>> parse_alt_svc(std::string_view value);

}  // namespace squall::generators
