#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::faults {

using HardwareAddress = std::array<unsigned char, 6>;

/// To whom all probes go: locally administered, and nobody's. 02:"squal".
inline constexpr HardwareAddress kProbeDestination{0x02, 0x73, 0x71, 0x75, 0x61, 0x6c};

/// A frame of ours that has left the qdiscs of an interface.
struct SeenFrame {
  std::int64_t at_ns = 0;  ///< By the wall clock.
  std::string bytes;
};

/// A way to send frames out of one interface and to see them once its qdiscs let them go, just
/// before its driver takes them. What is seen was neither lost nor is still delayed.
///
/// Lifecycle:  made by Network::probe_path(); outlives its namespace's other users.
/// Threads:    one at a time.
/// Errors:     a send that the kernel refuses.
class ProbePath {
 public:
  ProbePath() = default;
  ProbePath(const ProbePath&) = delete;
  ProbePath& operator=(const ProbePath&) = delete;
  virtual ~ProbePath() = default;

  /// The interface's own.
  virtual HardwareAddress address() const = 0;
  virtual Result<void> send(std::string_view frame) = 0;
  /// Waits for `length`, and returns the frames to kProbeDestination that were seen meanwhile.
  virtual std::vector<SeenFrame> take(Duration length) = 0;
  /// The wall clock, as of SeenFrame.
  virtual std::int64_t now_ns() = 0;
};

}  // namespace squall::faults
