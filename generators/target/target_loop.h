#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "generators/target/admin.h"
#include "generators/target/backend.h"
#include "generators/target/certificate.h"
#include "generators/target/server_session.h"
#include "generators/target/target_options.h"
#include "generators/target/tls_server.h"
#include "harness/base/result.h"

namespace squall::generators {

class QuicListener;
class ServedConnection;

/// The thin part of a target: one event loop with its listeners, connections and one timer for all
/// requests in service.
///
/// What happens in one wake-up is a batch with one reading of the clock: begin_batch(), requests
/// into serve(), end_batch().
///
/// Lifecycle:  make() binds; run() serves until stop(), once.
/// Threads:    run() and all it calls on one thread; stop() on any.
/// Errors:     make() fails when an address, a certificate or a file cannot be used.
class TargetLoop {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  static Result<std::unique_ptr<TargetLoop>> make(const TargetOptions& options);
  TargetLoop(const TargetLoop&) = delete;
  TargetLoop& operator=(const TargetLoop&) = delete;
  ~TargetLoop();

  const std::vector<ListenAddress>& bound() const { return bound_; }
  const std::string& certificate() const { return certificate_.certificate; }
  TargetProtocols protocols() const { return protocols_; }
  void run();
  void stop() noexcept;

  // For connections.
  SSL_CTX* tls() { return tls_.get(); }
  ConnectionCounts& counts() { return counts_; }
  /// Room for what is read or written within one batch, so that idle connections need none.
  std::vector<std::uint8_t>& read_buffer() { return read_buffer_; }
  std::vector<std::uint8_t>& write_buffer() { return write_buffer_; }
  void begin_batch() { now_ = std::chrono::steady_clock::now(); }
  Instant now() const { return now_; }
  void end_batch();
  void serve(ServedConnection& connection, ServerSession& session, const ReceivedRequest& request);
  void withdraw(std::uint64_t place) { backend_.withdraw(place); }
  /// A connection that was made elsewhere; answers its number.
  std::uint64_t adopt(std::shared_ptr<ServedConnection> connection);
  void forget(std::uint64_t connection);
  /// Whether new connections are not to hear a word.
  bool is_silent() const { return now_ < silent_until_; }
  /// What answers on that connection say of HTTP/3; empty: nothing.
  std::string alternative(const Socket& socket) const;

 private:
  struct Listener;

  explicit TargetLoop(const TargetOptions& options);
  Result<void> use_certificate(const TargetOptions& options);
  Result<void> listen(const ListenAddress& address, const TargetOptions& options);
  Result<std::uint16_t> listen_tcp(const ListenAddress& address);
  Result<std::uint16_t> listen_quic(const ListenAddress& address, const TargetOptions& options);
  Result<void> watch_for_stop();
  void wait_for_connections(Listener& listener);
  void accept(Listener& listener);
  void serve_admin(ServedConnection& connection, ServerSession& session,
                   const ReceivedRequest& request);
  void on_due();
  void sweep_every_second();
  void begin_stop();
  void close_all();
  void end_when_empty();
  std::vector<std::shared_ptr<ServedConnection>> all_connections() const;

  boost::asio::io_context io_{1};
  TargetProtocols protocols_;
  CertificatePair certificate_;
  TlsContext tls_;
  Backend backend_;
  ConnectionCounts counts_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<ListenAddress> bound_;
  std::vector<std::unique_ptr<QuicListener>> quic_;
  std::unordered_map<std::uint64_t, std::shared_ptr<ServedConnection>> connections_;
  std::uint64_t last_connection_ = 0;
  std::vector<std::uint8_t> read_buffer_;
  std::vector<std::uint8_t> write_buffer_;
  std::vector<Completion> due_;
  std::vector<std::shared_ptr<ServedConnection>> touched_;
  std::optional<Duration> alt_svc_;
  Instant now_{};
  Instant silent_until_{};
  boost::asio::steady_timer due_timer_{io_};
  Instant armed_for_ = Instant::max();  // When due_timer_ fires; max: it is not armed.
  boost::asio::steady_timer sweep_timer_{io_};
  boost::asio::steady_timer drain_timer_{io_};
  boost::asio::posix::stream_descriptor stop_event_{io_};
  bool is_stopping_ = false;
};

}  // namespace squall::generators
