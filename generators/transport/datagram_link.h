#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "generators/session/datagram_session.h"
#include "generators/transport/datagram_trouble.h"
#include "generators/transport/shared_udp.h"
#include "generators/transport/udp.h"

namespace squall::generators {

/// Datagrams by the mark of ECN's with which they came (RFC 3168 §5); unmarked ones are left out.
struct EcnCounts {
  std::uint64_t ect0 = 0;
  std::uint64_t ect1 = 0;
  std::uint64_t ce = 0;

  void count(Ecn mark) {
    ect0 += mark == Ecn::kEct0 ? 1 : 0;
    ect1 += mark == Ecn::kEct1 ? 1 : 0;
    ce += mark == Ecn::kCongested ? 1 : 0;
  }
};

/// A session over datagrams together with its socket, or its way through one that it shares: moves
/// datagrams between the two. On the way they may meet with trouble that somebody asked for.
///
/// Lifecycle:  made when dialling begins; goes over to the connection when the handshake is done.
/// Threads:    one owner at a time.
/// Errors:     in Step; after kOver the session's end() says why, after kFailed error_text().
class DatagramLink {
 public:
  enum class Step {
    kDone,     ///< Nothing is left to do for now.
    kMore,     ///< There may be more to be read: others have their turn first.
    kBlocked,  ///< The socket takes no more until it is writable.
    kOver,     ///< The session cannot go on.
    kFailed,   ///< The socket failed.
  };

  DatagramLink(UdpSocket socket, std::unique_ptr<DatagramSession> session)
      : socket_(std::move(socket)), session_(std::move(session)) {}
  DatagramLink(std::shared_ptr<SharedRoute> route, std::unique_ptr<DatagramSession> session)
      : route_(std::move(route)), session_(std::move(session)) {}
  DatagramLink(const DatagramLink&) = delete;
  DatagramLink& operator=(const DatagramLink&) = delete;
  ~DatagramLink() {
    if (route_) route_->listen(nullptr);
  }

  UdpSocket& socket() { return route_ ? route_->socket() : *socket_; }
  const UdpSocket& socket() const { return route_ ? std::as_const(*route_).socket() : *socket_; }
  /// Through a socket that it shares, whose descriptor nobody else may wait for; else null.
  SharedRoute* route() const { return route_.get(); }
  /// As a socket's own, but only what is this session's.
  std::uint64_t received() const { return route_ ? route_->received() : socket_->received(); }
  std::uint64_t sent() const { return route_ ? sent_ : socket_->sent(); }
  std::uint64_t datagrams() const { return route_ ? route_->datagrams() : socket_->datagrams(); }
  std::uint32_t dropped() const { return route_ ? route_->dropped() : socket_->dropped(); }
  DatagramSession& session() { return *session_; }

  /// Reads what there is, in bounds; `now` becomes the moment of the last read.
  Step receive(Instant& now);
  /// Sends what the session has. What the socket did not take goes first the next time.
  Step send(Instant now);
  /// From now on datagrams meet with this, both ways; null: with nothing. What is held back by then
  /// still goes on when it would have.
  void disturb(std::shared_ptr<DatagramTrouble> trouble) { trouble_ = std::move(trouble); }
  /// When release() has something to do.
  std::optional<Instant> next_release() const;
  /// Lets go on what has been held back long enough.
  Step release(Instant now);
  /// Goes on with another socket of its own. What still comes to the one before is swallowed, not
  /// refused.
  void change(UdpSocket socket);
  /// Datagrams that the session has been given so far.
  std::uint64_t heard() const { return heard_; }
  /// The marks of those that came so far.
  const EcnCounts& ecn() const { return ecn_; }
  /// Closes the socket: the session is left with what it knows.
  void close() {
    if (socket_) socket_->close();
    if (route_) route_->listen(nullptr);
    before_.reset();
    held_.reset();
  }
  std::string error_text() const { return socket().error_text(); }

 private:
  IoStep to_socket(std::span<const char> bytes, std::size_t segment, Ecn ecn);
  Step receive_shared(Instant& now);
  Step put(Datagrams& out, Instant now);
  /// Sends a burst's datagrams one by one, each as its fate is.
  IoStep put_troubled(const DatagramBurst& burst, std::span<const char> bytes, Instant now);
  /// Hands a datagram to the session, unless its fate is another. False: the session is over.
  bool hand_over(std::span<const char> datagram, Ecn ecn, Instant now);
  void hold(Instant until, bool is_outgoing, std::span<const char> bytes, Ecn ecn);

  std::optional<UdpSocket> socket_;  // One of these two:
  std::shared_ptr<SharedRoute> route_;
  std::optional<UdpSocket> before_;  // The last one that change() replaced.
  std::unique_ptr<DatagramSession> session_;
  std::unique_ptr<Datagrams> unsent_;  // With what the socket did not take; else null.
  std::shared_ptr<DatagramTrouble> trouble_;
  std::unique_ptr<HeldDatagrams> held_;  // Null until something is held back.
  std::uint64_t heard_ = 0;
  EcnCounts ecn_;
  std::uint64_t sent_ = 0;  // Through a socket that is shared.
};

}  // namespace squall::generators
