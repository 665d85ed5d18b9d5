#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include <openssl/ssl.h>

namespace squall::generators {

/// The TLS sessions that servers have offered to resume, by server.
///
/// A ticket of TLS 1.3 is taken out for one connection and not used again (RFC 8446 §C.4); the
/// youngest goes first, as it has longest to live. A session of TLS 1.2 serves any number of
/// connections, until the server gives a new one.
///
/// Lifecycle:  of a target on a shard; streams share it, so that it outlives them.
/// Threads:    its shard's.
/// Errors:     none: without a session there is a full handshake.
class TlsSessions {
 public:
  struct Free {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  };
  using Session = std::unique_ptr<SSL_SESSION, Free>;

  static constexpr std::size_t kMostTickets = 4096;  ///< For each server; the oldest go.

  void add(const std::string& server, Session session);
  /// Null when there is none.
  Session take(const std::string& server);

 private:
  struct Of {
    std::deque<Session> tickets;
    Session lasting;
  };
  std::map<std::string, Of> servers_;
};

}  // namespace squall::generators
