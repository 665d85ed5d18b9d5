#pragma once

#include <cstdint>
#include <string>

#include "generators/http2/frame.h"

namespace squall::generators::http2 {

/// What a server did that ended a request or a connection badly. A plain value: text() is for the
/// first of its kind only.
struct Complaint {
  enum class What : std::uint8_t {
    kNothing,
    kBreach,  ///< Of a rule of the protocol, by the frame `at`; `code` is what we answered.
    kReset,   ///< It reset a stream with `code`.
    kGoaway,  ///< It went away with `code`, which is not NO_ERROR.
  };
  What what = What::kNothing;
  std::uint32_t code = 0;  ///< RFC 9113 §7.
  FrameHead at;
  bool was_first = false;  ///< The server had said nothing sound before.

  /// In words; empty for kNothing. Codes have their names of the RFC.
  std::string text() const;
};

}  // namespace squall::generators::http2
