#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "faults/link/link_state.h"
#include "faults/link/relayed_connection.h"
#include "faults/link/socket_address.h"
#include "harness/base/result.h"
#include "harness/runtime/asio.h"

namespace squall::faults {

/// Accepts connections of the load and relays each to the target, as the link has it.
///
/// Its port stays its own while it refuses connections: a second socket is bound to it, which never
/// listens.
///
/// Lifecycle:  make → (heed_change)… → close, before the loop ends.
/// Threads:    the loop's, except make().
/// Errors:     make() and heed_change() say what the system refused.
class TcpRelay {
 public:
  /// Listens at `listen`; its port may be 0. `link` outlives it.
  static Result<std::unique_ptr<TcpRelay>> make(LinkState& link, const SocketAddress& listen,
                                                std::vector<SocketAddress> upstream);
  ~TcpRelay();
  TcpRelay(const TcpRelay&) = delete;
  TcpRelay& operator=(const TcpRelay&) = delete;

  const SocketAddress& address() const { return address_; }
  /// Begins to accept.
  void start();
  /// Goes by what is in force now.
  Result<void> heed_change();
  /// True when the kernel says that it listens.
  bool is_listening();
  void close();

 private:
  TcpRelay(LinkState& link, std::vector<SocketAddress> upstream);
  Result<void> listen();
  void accept();
  void wait_to_accept();

  LinkState& link_;
  std::vector<SocketAddress> upstream_;
  SocketAddress address_;
  UniqueFd place_;
  asio::posix::stream_descriptor listener_;
  bool waits_ = false;
  bool is_held_ = false;  // Connections wait in a black hole.
  std::unordered_map<RelayedConnection*, std::shared_ptr<RelayedConnection>> connections_;
};

}  // namespace squall::faults
