#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "generators/target/served_connection.h"
#include "generators/target/server_session.h"
#include "generators/target/tls_server.h"
#include "harness/base/units.h"

namespace squall::generators {

class TargetLoop;

/// One accepted TCP connection: finds out what the client speaks, then carries bytes between the
/// socket and a StreamServerSession. Asio says when the socket is ready; bytes go by direct
/// non-blocking calls.
///
/// Lifecycle:  owned by the loop and by its pending waits; of no more use after close().
/// Threads:    the loop's.
/// Errors:     any trouble closes it.
class TargetConnection final : public ServedConnection,
                               public ServerSession::Handler,
                               public std::enable_shared_from_this<TargetConnection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  /// `is_silent`: never says a word, whatever it hears.
  TargetConnection(TargetLoop& loop, Socket socket, std::uint64_t number, bool is_loopback,
                   bool is_silent, Instant now);

  void start();
  ServerSession* session() override { return session_.get(); }
  std::uint64_t number() const override { return number_; }
  bool is_loopback() const override { return is_loopback_; }
  void flush() override;
  void go_away() override;
  void sweep(Instant now) override;
  void close() override;
  /// With a RST.
  void drop() override;

  void on_request(ServerSession& session, const ReceivedRequest& request) override;
  void on_abandoned(std::uint64_t place) override;

 private:
  enum class Stage {
    kNew,      ///< Nothing is known; the first byte tells TLS from clear text.
    kSniffed,  ///< Clear text, or the text within TLS; the first four bytes tell HTTP/2.
    kHttp,     ///< There is a session.
    kRefused,  ///< Was told that nobody speaks its language; what it says is dropped until it ends.
    kSilent,
    kClosed,
  };
  enum class Io { kDone, kBlocked, kEnded };
  struct Amount {
    Io how = Io::kDone;
    std::size_t bytes = 0;
  };

  bool look_at_first_byte();
  bool take(std::span<const std::uint8_t> bytes);
  bool sniff(std::span<const std::uint8_t> bytes);
  void refuse();
  void on_readable();
  void read_and_serve();
  void wait_readable();
  void wait_writable();
  Amount read_some(std::span<std::uint8_t> into);
  Amount write_some(std::span<const std::uint8_t> bytes);
  Amount tls_result(int code);
  /// Sends `bytes` as far as possible; kDone when all are gone.
  Io send(std::span<const std::uint8_t> bytes, std::size_t& sent);
  Io send_pending();

  TargetLoop& loop_;
  Socket socket_;
  const std::uint64_t number_;
  const bool is_loopback_;
  Stage stage_ = Stage::kNew;
  Instant since_;  // When it entered its stage.
  TlsSession tls_;
  std::vector<std::uint8_t> heard_;  // While sniffing.
  std::unique_ptr<StreamServerSession> session_;
  std::uint64_t counted_bodies_ = 0;
  std::vector<std::uint8_t> unsent_;
  bool waits_readable_ = false;
  bool waits_writable_ = false;
  bool is_tls_established_ = false;
};

}  // namespace squall::generators
