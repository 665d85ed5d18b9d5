#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "generators/load/connection.h"
#include "generators/transport/datagram_link.h"
#include "generators/transport/dial.h"
#include "harness/runtime/asio.h"

namespace squall::generators {

/// A connection over QUIC: moves datagrams between a socket and a session, and keeps its timers.
///
/// Reads until there is nothing more, with a timestamp per read; sends when told to flush(), all
/// that is queued in as few calls as may be.
///
/// Lifecycle:  made with a link whose handshake is done, or goes on while requests are sent early;
///             the rest as Connection.
/// Threads:    its shard's.
/// Errors:     as Connection: kTls when TLS failed (a server that refuses our certificate says so
///             only after the handshake); kProtocol when it broke the protocol; else kClosed.
class DatagramConnection final : public Connection {
 public:
  DatagramConnection(asio::io_context& loop, Dialled dialled, std::size_t streams, std::size_t url,
                     Instant opened, Owner& owner);

  bool is_established() const override { return !handshake_began_; }
  bool is_resumed() const override { return link_->session().is_resumed(); }
  void open(Instant now) override;
  void flush(Instant now) override;
  void close(Instant now) override;

 private:
  void release() override;
  void on_first_answer(const InFlight& request) override;
  void see_handshake();
  void sample_path();
  reports::ErrorClass class_of_end() const;
  template <class Act>
  auto busily(Act act);
  void wait_readable();
  void wait_writable();
  void on_readable();
  void arm_timer();
  void on_timer();
  void count();
  /// The session is over: says its last word, and ends.
  void end_over();

  std::unique_ptr<DatagramLink> link_;
  asio::posix::stream_descriptor waiter_;  // Borrows the descriptor; released, never closed.
  asio::steady_timer timer_;
  std::uint64_t counted_datagrams_ = 0;
  std::uint32_t counted_dropped_ = 0;
  std::optional<Instant> handshake_began_;  // Of one that goes on while requests are sent.
  std::optional<Duration> connect_;         // How long it took of one that was done before.
  Instant established_{};
  EarlyData counted_early_;
  PathFigures counted_path_;
  Instant next_sample_{};
  Instant armed_ = Instant::max();  // When the timer fires; it may be early, never late.
  bool busy_ = false;               // The link is at work, below on the stack.
};

}  // namespace squall::generators
