#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "faults/link/agenda.h"
#include "faults/link/socket_address.h"
#include "faults/link/tally.h"
#include "faults/spec/fault_spec.h"
#include "harness/base/result.h"
#include "harness/runtime/shard.h"

namespace squall::faults {

/// Where a relay stands: between the load and one address of a target.
struct LinkPlace {
  std::string target{};
  std::vector<SocketAddress> upstream{};  ///< TCP tries one after the other, UDP takes the first.
  std::optional<SocketAddress> listen{};  ///< None: a free port of 127.0.0.1.
  bool relays_tcp = true;
  bool relays_udp = false;  ///< On the same port.
};

/// The links of a run: relays in user space, one for each place, that do nothing until a fault
/// makes them. All places of one target are one link: they share its rate and its losses.
///
/// Nothing of them outlives the process; they need no privileges and no journal.
///
/// Lifecycle:  make (they listen at once) → begin → end … → destructor, which closes everything.
/// Threads:    one thread of its own does the work; the functions are for one caller at a time and
///             wait for it.
/// Errors:     make() when an address cannot be had; begin() and end() when what they did cannot
///             be read back.
class Links {
 public:
  static Result<std::unique_ptr<Links>> make(const std::vector<LinkPlace>& places);
  ~Links();
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  /// Where each of the places listens, in their order.
  const std::vector<SocketAddress>& addresses() const { return addresses_; }

  /// Puts a fault in force on the link of its target. With a pulse it goes on and off by itself.
  Result<void> begin(const LinkFault& fault, const std::optional<Pulse>& pulse, std::uint64_t seed);
  /// Makes the link transparent again, and reads back that it is. Right also when it was already.
  Result<void> end(const std::string& target);
  /// What it has done since the last begin(), until now or until its end.
  LinkTally counted(const std::string& target);
  /// CPU time that the relays' thread has used.
  Duration cpu_time();

 private:
  class Link;
  Links();
  Link* find(const std::string& target);

  Shard shard_;
  bool is_running_ = false;
  std::unique_ptr<Agenda> agenda_;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<SocketAddress> addresses_;
};

}  // namespace squall::faults
