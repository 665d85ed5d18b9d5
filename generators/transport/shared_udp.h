#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "generators/session/datagram_session.h"
#include "generators/transport/udp.h"
#include "harness/base/result.h"
#include "harness/runtime/asio.h"

namespace squall::generators {

class SharedSocket;
class SharedRoute;

/// Sockets that QUIC connections share: one for each server's address, and for each source address
/// of ours. Datagrams find their connection by its ID (RFC 9000 §5.1), and a stateless reset, which
/// has none, by its token (§10.3).
///
/// A socket stays open, with its port, when its last connection has ended.
///
/// Lifecycle:  made as a shared_ptr; its routes hold it.
/// Threads:    those of its loop.
/// Errors:     in route(); a socket's own failure is told to all that share it.
class SharedSockets : public std::enable_shared_from_this<SharedSockets> {
 public:
  explicit SharedSockets(asio::io_context& loop) : loop_(loop) {}
  SharedSockets(const SharedSockets&) = delete;
  SharedSockets& operator=(const SharedSockets&) = delete;
  ~SharedSockets();

  /// A way for one connection. Without `from` the kernel chooses the source address.
  Result<std::shared_ptr<SharedRoute>> route(const asio::ip::udp::endpoint& to,
                                             const std::optional<asio::ip::address>& from);

 private:
  friend class SharedRoute;
  friend class SharedSocket;
  using Place = std::pair<asio::ip::udp::endpoint, std::optional<asio::ip::address>>;

  Result<std::shared_ptr<SharedSocket>> socket(const Place& place);
  /// Whose datagram this is; null: nobody's.
  SharedRoute* find(std::span<const char> datagram) const;

  asio::io_context& loop_;
  std::map<Place, std::shared_ptr<SharedSocket>> sockets_;
  std::unordered_map<std::uint64_t, SharedRoute*> ids_;  // Ours are random: nobody can choose them.
  std::map<ConnectionIds::ResetToken, SharedRoute*> resets_;
};

/// One connection's way through a socket that it shares with others.
///
/// Lifecycle:  from SharedSockets::route(); its datagrams are dropped while nobody listens.
/// Threads:    its loop's.
/// Errors:     has_failed().
class SharedRoute final : public ConnectionIds, public std::enable_shared_from_this<SharedRoute> {
 public:
  /// Who is told; it may end this route, and others.
  class Reader {
   public:
    virtual ~Reader() = default;
    /// Something has come, to be taken now, or the socket has failed.
    virtual void on_route_readable() = 0;
    /// After wait_writable().
    virtual void on_route_writable() = 0;
  };
  /// Datagrams that came together.
  struct Batch {
    std::span<const std::span<const char>> datagrams;
    Ecn ecn = Ecn::kNone;
    Instant at{};
  };

  SharedRoute(std::shared_ptr<SharedSockets> sockets, std::shared_ptr<SharedSocket> socket);
  SharedRoute(const SharedRoute&) = delete;
  SharedRoute& operator=(const SharedRoute&) = delete;
  ~SharedRoute() override;

  void listen(Reader* reader) { reader_ = reader; }
  void wait_writable();
  /// What has come; once.
  Batch take() { return std::exchange(batch_, {}); }
  bool has_failed() const { return failed_; }
  UdpSocket& socket();
  const UdpSocket& socket() const;
  /// Bytes and datagrams that came for this connection, and those that the kernel dropped: each of
  /// the socket's is told of on one route only.
  std::uint64_t received() const { return received_; }
  std::uint64_t datagrams() const { return datagrams_; }
  std::uint32_t dropped() const { return dropped_; }

  /// Gives the socket another port, for all that share it; once for each moment.
  Result<void> rebind(Instant when);
  /// The socket at another source address, to which this may go over.
  Result<std::shared_ptr<SharedSocket>> beside(const asio::ip::address& from) const;
  void go_over(std::shared_ptr<SharedSocket> socket);

  bool add(const Id& id) override;
  void remove(const Id& id) override;
  void add_reset(const ResetToken& token) override;
  void remove_reset(const ResetToken& token) override;

 private:
  friend class SharedSocket;

  std::shared_ptr<SharedSockets> sockets_;
  std::shared_ptr<SharedSocket> socket_;
  Reader* reader_ = nullptr;
  Batch batch_;
  std::vector<Id> ids_;  // Those that are known,
  std::vector<ResetToken> resets_;
  std::uint64_t received_ = 0;
  std::uint64_t datagrams_ = 0;
  std::uint32_t dropped_ = 0;
  bool failed_ = false;
};

/// One of SharedSockets.
///
/// Lifecycle:  reads as long as it has routes.
/// Threads:    its loop's.
/// Errors:     told to its routes.
class SharedSocket : public std::enable_shared_from_this<SharedSocket> {
 public:
  SharedSocket(asio::io_context& loop, UdpSocket udp);
  SharedSocket(const SharedSocket&) = delete;
  SharedSocket& operator=(const SharedSocket&) = delete;
  ~SharedSocket();

  UdpSocket& udp() { return udp_; }

 private:
  friend class SharedSockets;
  friend class SharedRoute;

  void enter(SharedRoute& route);
  void leave(SharedRoute& route);
  Result<void> rebind(Instant when);
  void wait_readable();
  void wait_writable();
  void stop();
  void on_readable();
  void on_writable();
  void deliver(const SharedSockets& sockets, std::span<const char> bytes,
               const UdpSocket::Received& got);
  void tell_of_failure();

  asio::posix::stream_descriptor waiter_;  // Borrows the descriptor; released, never closed.
  UdpSocket udp_;
  std::optional<UdpSocket> before_;      // What still comes to the port before is swallowed.
  std::map<SharedRoute*, bool> routes_;  // True: it waits until it may send.
  std::uint64_t number_ = 0;             // Handlers of an earlier wait come too late.
  bool reads_ = false;
  bool writes_ = false;
  std::uint32_t told_dropped_ = 0;
  std::optional<Instant> rebound_;
};

}  // namespace squall::generators
