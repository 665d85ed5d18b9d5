#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
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
  /// For what goes out by `fault`; `own` is the interface's hardware address.
  ProbeFrame(const NetworkFault& fault, const HardwareAddress& own);

  /// The probe of this number, padded to `size` bytes.
  std::string make(std::uint32_t number, std::size_t size);
  /// The number of a probe that came whole; none for what is no probe, or was changed on its way.
  std::optional<std::uint32_t> read(const std::string& frame) const;

 private:
  std::string headers_;
  std::size_t ip_at_ = 0;
  bool is_v6_ = false;
  std::size_t transport_header_ = 0;  // Bytes.
};

/// What became of some probes.
struct ProbeFinding {
  std::size_t sent = 0;
  std::size_t lost = 0;        ///< Never left,
  std::size_t altered = 0;     ///< left with other bytes,
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
};

/// As many as show what `fault` does, without being much of its traffic themselves.
ProbeOrder probe_order(const NetworkFault& fault);

/// Sends them and waits until they left, or `stop` is set: then with those sent so far. Blocks for
/// a second or so.
Result<ProbeFinding> probe(ProbePath& path, ProbeFrame& frame, const ProbeOrder& order,
                           const std::atomic<bool>& stop);

/// "80.3 ms more, 1.9 % lost of 200 probes".
std::string describe(const NetworkFault& fault, const ProbeFinding& during,
                     const std::optional<ProbeFinding>& before);

/// Why the probes say that `fault` does not do what it should; empty when they do not say so.
std::string contradiction(const NetworkFault& fault, const ProbeFinding& during,
                          const std::optional<ProbeFinding>& before);

}  // namespace squall::faults
