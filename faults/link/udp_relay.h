#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "faults/link/datagram_batch.h"
#include "faults/link/link_state.h"
#include "faults/link/socket_address.h"
#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/runtime/asio.h"

namespace squall::faults {

/// One address from which the load sends, and the socket towards the target on its behalf.
struct UdpFlow {
  explicit UdpFlow(asio::io_context& loop) : socket(loop) {}

  SocketAddress client;
  asio::posix::stream_descriptor socket;
  UniqueFd old_socket;       ///< Before it was bound anew; nobody reads it.
  std::uint64_t number = 0;  ///< Another one for each socket that it had.
  Flow up;
  Flow down;
  Instant last_used{};
};

/// Relays the datagrams of the load to the target, and back, as the link has it.
///
/// Each address from which the load sends has a socket of its own towards the target, as a NAT
/// would give it; rebind_every gives all of them new ones. Of many flows those that were idle for
/// a minute are forgotten.
///
/// Lifecycle:  make → start → (heed_change)… → close, before the loop ends.
/// Threads:    the loop's, except make().
/// Errors:     make() says what the system refused; later a datagram that cannot be sent is lost,
///             and counted as the relay's own.
class UdpRelay {
 public:
  /// Listens at `listen`; its port may be 0. `link` outlives it.
  static Result<std::unique_ptr<UdpRelay>> make(LinkState& link, const SocketAddress& listen,
                                                SocketAddress upstream);
  ~UdpRelay();
  UdpRelay(const UdpRelay&) = delete;
  UdpRelay& operator=(const UdpRelay&) = delete;

  const SocketAddress& address() const { return address_; }
  void start();
  /// Goes by what is in force now.
  void heed_change();
  /// How many datagrams the kernel has lost so far because this was too slow to take them.
  std::uint64_t drops();
  void close();

 private:
  /// A datagram on its way.
  struct Parcel {
    Instant at{};
    std::uint64_t number = 0;
    Instant came{};
    std::shared_ptr<UdpFlow> flow;
    Direction* way = nullptr;
    bool is_counted = true;  // In the delays: not what was not to be delayed.
    std::string data;
    bool operator<(const Parcel& other) const {  // The heap has the greatest in front.
      return std::pair(at, number) > std::pair(other.at, other.number);
    }
  };

  UdpRelay(LinkState& link, SocketAddress upstream);
  void wait_for_load();
  void wait_for_target(const std::shared_ptr<UdpFlow>& flow);
  void receive_from_load();
  void receive_from_target(const std::shared_ptr<UdpFlow>& flow);
  void relay(const std::shared_ptr<UdpFlow>& flow, Direction& way, std::size_t index, Instant now);
  void put(UdpFlow& flow, const Direction& way, std::string_view data);
  void send(Instant came);
  void deliver_due();
  void plan_delivery();
  void rebind();
  bool open_upstream(const std::shared_ptr<UdpFlow>& flow);
  std::shared_ptr<UdpFlow> flow_of(const SocketAddress& client, Instant now);
  void forget_idle(Instant now);
  void close(UdpFlow& flow);
  static std::uint64_t drops_of(int descriptor);

  LinkState& link_;
  SocketAddress upstream_;
  SocketAddress address_;
  asio::posix::stream_descriptor socket_;
  std::unordered_map<std::string, std::shared_ptr<UdpFlow>> flows_;  // By the client's address.
  DatagramBatch batch_;
  DatagramOutbox outbox_;
  std::vector<std::pair<Direction*, std::size_t>> at_once_;  // Sizes of what is in the outbox.
  std::vector<Parcel> parcels_;                              // A heap: the next in front.
  std::vector<Parcel> due_;
  std::uint64_t parcel_count_ = 0;
  Instant planned_{};  // When deliver_due() is called next; zero: not at all.
  std::uint64_t closed_drops_ = 0;
};

}  // namespace squall::faults
