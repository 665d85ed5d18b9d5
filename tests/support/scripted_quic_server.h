#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "harness/base/unique_fd.h"

#include "tests/support/quic_server_peer.h"

namespace squall::test {

/// A server for QUIC on 127.0.0.1 that does on every connection what its script says.
///
/// Lifecycle:  is bound as soon as it is made; the destructor joins, and says nothing to clients.
/// Threads:    one of its own, on which the script runs.
/// Errors:     aborts when it cannot be bound.
class ScriptedQuicServer {
 public:
  /// Called again and again, after whatever has come; connections have numbers from 0.
  using Script = std::function<void(QuicServerPeer& peer, int connection)>;

  explicit ScriptedQuicServer(Script script, QuicServerPeer::Options options = {});
  ScriptedQuicServer(const ScriptedQuicServer&) = delete;
  ScriptedQuicServer& operator=(const ScriptedQuicServer&) = delete;
  ~ScriptedQuicServer();

  std::uint16_t port() const { return port_; }
  /// Connections so far.
  int connections() const { return connections_; }

 private:
  struct Client {
    int number = 0;
    std::unique_ptr<QuicServerPeer> peer;
  };
  void run();
  void receive(Instant now);

  Script script_;
  QuicServerPeer::Options options_;
  UniqueFd socket_;
  std::uint16_t port_ = 0;
  std::map<std::uint16_t, Client> clients_;  // By the client's port.
  std::atomic<int> connections_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

/// What most scripts do on one connection: HTTP/3 is begun, and each request answered once.
class H3Answers {
 public:
  /// True when HTTP/3 goes on; then control() is its control stream.
  bool begin(QuicServerPeer& peer) {
    if (!peer.is_established()) return false;
    if (control_ < 0) {
      control_ = peer.open_uni();
      peer.write(control_, h3::kControl);
    }
    return true;
  }
  std::int64_t control() const { return control_; }
  /// Each request that has come whole is given to `answer` once, by its stream.
  template <class Answer>
  void each(QuicServerPeer& peer, Answer answer) {
    for (const auto& [stream, is_whole] : peer.ended) {
      if (is_whole && stream % 4 == 0 && seen_.insert(stream).second) answer(stream);
    }
  }

 private:
  std::int64_t control_ = -1;
  std::set<std::int64_t> seen_;
};

}  // namespace squall::test
