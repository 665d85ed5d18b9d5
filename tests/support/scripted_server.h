#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <openssl/ssl.h>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/base/units.h"

namespace squall::test {

/// One connection as the script of a server under no rules sees it: TCP, and TLS when it asks.
///
/// Lifecycle:  made by ScriptedServer for the length of the script's call; closed after it.
/// Threads:    the script's.
/// Errors:     say() and hear() answer that the connection is over, or the server is stopping.
class ScriptedConnection {
 public:
  ScriptedConnection(UniqueFd socket, const std::atomic<bool>& stopping);
  ScriptedConnection(const ScriptedConnection&) = delete;
  ScriptedConnection& operator=(const ScriptedConnection&) = delete;
  ~ScriptedConnection();

  /// Sends all of it; false when it cannot.
  bool say(std::string_view bytes);
  /// The same past TLS, straight onto the socket.
  bool say_raw(std::string_view bytes);
  /// A byte at a time, so long apart.
  bool trickle(std::string_view bytes, Duration apart);
  /// What the client sends next; empty when it has said nothing for `patience`, or is_over().
  std::string hear(Duration patience = std::chrono::milliseconds(50));
  /// Takes what comes, and says nothing, until the client leaves.
  void listen();
  /// Waits; false when the server is stopping.
  bool wait(Duration time) const;
  /// The server's side of a TLS handshake; false when it failed.
  bool start_tls(SSL_CTX* context);
  /// Ends the stream in our direction alone (TCP's FIN).
  void end_sending();

  bool is_over() const { return over_ || stopping_; }

 private:
  bool wait_for(short events, Duration patience);
  bool write_some(std::string_view& bytes, bool raw);

  UniqueFd socket_;
  const std::atomic<bool>& stopping_;
  SSL* ssl_ = nullptr;
  bool over_ = false;
};

/// A server on 127.0.0.1 which does to every connection what its script says.
///
/// Lifecycle:  listens as soon as it is made; the destructor ends all scripts and joins.
/// Threads:    one that accepts, and one for each connection, on which the script runs.
/// Errors:     aborts when it cannot listen.
class ScriptedServer {
 public:
  using Script = std::function<void(ScriptedConnection&)>;

  explicit ScriptedServer(Script script);
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer();

  std::uint16_t port() const { return port_; }

 private:
  void accept_all();

  Script script_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::list<std::thread> connections_;  // Of the accepting thread, until it has been joined.
  std::thread acceptor_;
};

/// A server's TLS with a certificate of its own, for HTTP/2 by ALPN.
///
/// Lifecycle:  made once for a test.
/// Threads:    any may use context().
/// Errors:     make() fails without openssl(1).
class ScriptedTls {
 public:
  static Result<ScriptedTls> make();
  SSL_CTX* context() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  std::unique_ptr<SSL_CTX, Free> context_;
};

}  // namespace squall::test
