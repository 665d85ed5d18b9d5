#pragma once

#include <memory>
#include <string>
#include <utility>

#include "generators/session/datagram_session.h"
#include "generators/transport/udp.h"

namespace squall::generators {

/// A session over datagrams together with its socket: moves datagrams between the two.
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

  UdpSocket& socket() { return socket_; }
  const UdpSocket& socket() const { return socket_; }
  DatagramSession& session() { return *session_; }

  /// Reads what there is, in bounds; `now` becomes the moment of the last read.
  Step receive(Instant& now);
  /// Sends what the session has. What the socket did not take goes first the next time.
  Step send(Instant now);
  /// Closes the socket: the session is left with what it knows.
  void close() { socket_.close(); }
  std::string error_text() const { return socket_.error_text(); }

 private:
  UdpSocket socket_;
  std::unique_ptr<DatagramSession> session_;
  std::unique_ptr<Datagrams> unsent_;  // With what the socket did not take; else null.
};

}  // namespace squall::generators
