#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "faults/network/networks.h"
#include "faults/spec/network_spec.h"
#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::faults {

/// Makes frames of our own that a fault's filter meets, when they leave an interface: Ethernet, IP
/// and TCP, UDP or ICMP with addresses and ports that the filter names. They go to a hardware
/// address that nobody has, so whoever sees them on the wire passes them over.
///
/// Lifecycle:  a value. Threads: one at a time. Errors: none.
class ProbeFrame {
 public:
  /// For what goes out by `fault`; `own` is the interface's hardware address, and `series` tells
  /// these probes from those of other faults on the same interface.
  ProbeFrame(const NetworkFault& fault, const HardwareAddress& own, std::uint64_t series = 0);

  /// The probe of this number, padded to `size` bytes.
  std::string make(std::uint32_t number, std::size_t size);
  /// The number of a probe that came whole; none for what is no probe, or was changed on its way.
  std::optional<std::uint32_t> read(const std::string& frame) const;
  /// The number of one of this series of which a bit, or a few, were changed on its way; none for
  /// what is none of them. (For one that came whole, too.)
  std::optional<std::uint32_t> read_altered(const std::string& frame) const;

 private:
  std::string headers_;
  std::string series_;
  std::size_t ip_at_ = 0;
  bool is_v6_ = false;
  std::size_t transport_header_ = 0;  // Bytes.
};

/// What became of some probes.
struct ProbeFinding {
  std::size_t sent = 0;
  std::size_t lost = 0;        ///< Never left, whole or not,
  std::size_t altered = 0;     ///< left with other bytes (copies are counted, too),
  std::size_t twice = 0;       ///< left again,
  std::size_t overtaken = 0;   ///< left after one that was sent later.
  std::vector<Duration> took;  ///< Of each that left whole, from the send, in ascending order.
  std::optional<double> bits_per_second;  ///< Of a burst that was longer than it takes at once.
  std::size_t burst = 0;                  ///< Further probes, of that burst,
  std::size_t burst_lost = 0;             ///< that never left.

  Duration median() const { return took.empty() ? Duration{} : took[took.size() / 2]; }
};

/// How probes are sent.
struct ProbeOrder {
  std::size_t count = 200;
  Duration gap{};                           ///< Between one and the next.
  Duration patience{};                      ///< For the last to leave.
  Duration longest{};                       ///< Of sending; zero: no matter how long.
  std::optional<double> bits_per_second{};  ///< A burst is sent too, to measure it.
  std::function<void()> on_sent{};          ///< Called once all of them are sent.
};

/// As many as show what `fault` does, without being much of its traffic themselves.
ProbeOrder probe_order(const NetworkFault& fault);

/// Sends them and waits until they left, or `stop` is set: then with those sent so far. Blocks for
/// a second or so.
Result<ProbeFinding> probe(ProbePath& path, ProbeFrame& frame, const ProbeOrder& order,
                           const std::atomic<bool>& stop);

}  // namespace squall::faults
