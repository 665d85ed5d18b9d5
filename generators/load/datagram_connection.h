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
/// One that is an alternative to TCP is given up when nothing is heard for five probes in a row,
/// each of which waits twice as long as the one before, and for a second at least: then another is
/// made, over TCP if need be. Without an alternative there is nothing to be won by that.
///
/// Lifecycle:  made with a link whose handshake is done, or goes on while requests are sent early;
///             the rest as Connection.
/// Threads:    its shard's.
/// Errors:     as Connection: kTls when TLS failed (a server that refuses our certificate says so
///             only after the handshake); kProtocol when it broke the protocol; else kClosed.
class DatagramConnection final : public Connection, private SharedRoute::Reader {
 public:
  DatagramConnection(asio::io_context& loop, Dialled dialled, std::size_t streams, std::size_t url,
                     Instant opened, Owner& owner);

  bool is_established() const override { return !handshake_began_; }
  bool is_resumed() const override { return link_->session().is_resumed(); }
  bool went_silent() const override { return went_silent_; }
  std::string complaint(reports::ErrorClass error) const override;
  void disturb(std::shared_ptr<DatagramTrouble> trouble, Instant now) override;
  bool is_disturbed() const override { return trouble_ != nullptr; }
  void rebind(Instant now) override;
  void migrate(const std::string& to, Instant now) override;
  void update_keys(Instant now) override;
  void open(Instant now) override;
  void flush(Instant now) override;
  void close(Instant now) override;

 private:
  void release() override;
  void on_first_answer(RequestSession::Ticket ticket, const InFlight& request) override;
  void see_handshake();
  void listen_for_silence();
  /// Ends a silence, where the session has been given something.
  void note_heard();
  /// Tells what the trouble has meant to this connection.
  void settle();
  bool is_silent() const { return now_ >= silent_at_; }
  void end_silent();
  void sample_path();
  reports::ErrorClass class_of_end() const;
  template <class Act>
  auto busily(Act act);
  void on_route_readable() override;
  void on_route_writable() override { on_writable(); }
  void listen();
  void wait_readable();
  void wait_writable();
  void on_writable();
  void on_readable();
  void arm_timer();
  void on_timer();
  /// Lets go on what is held back; false when the connection has ended.
  bool release_held();
  void move_to(UdpSocket socket);
  void note_no_socket(const std::string& why);
  Result<void> socket_at(const asio::ip::address& from, std::optional<UdpSocket>& own,
                         std::shared_ptr<SharedSocket>& shared) const;
  void count();
  /// Counts what the session tells only when asked: streams that were broken off.
  void count_breaks();
  /// Tells the trouble what became of migrations and new keys.
  void count_changes();
  /// The session is over: says its last word, and ends.
  void end_over();

  std::unique_ptr<DatagramLink> link_;
  asio::posix::stream_descriptor waiter_;  // Borrows the descriptor; released, never closed.
  asio::steady_timer timer_;
  std::uint64_t counted_datagrams_ = 0;
  std::uint32_t counted_dropped_ = 0;
  std::optional<Instant> handshake_began_;  // Of one that goes on while requests are sent.
  std::optional<Duration> connect_;         // How long it took, when it is done.
  Instant established_{};
  EarlyData counted_early_;
  PathFigures counted_path_;
  EcnCounts counted_ecn_;
  Instant next_sample_{};
  bool is_alternative_;
  bool went_silent_ = false;
  std::shared_ptr<DatagramTrouble> trouble_;  // Null: it is not disturbed.
  bool settled_ = false;
  ConnectionChanges counted_changes_;
  bool awaits_path_ = false;                // An answer on the path of the last migration,
  bool awaits_keys_ = false;                // and the server's step to new keys.
  std::uint64_t heard_ = 0;                 // Datagrams that the session had been given.
  std::uint64_t socket_number_ = 0;         // Another one after each move.
  Instant unheard_since_ = Instant::max();  // When something was sent that awaits an answer;
  Instant silent_at_ = Instant::max();      // and until when one must come. Of an alternative.
  Instant armed_ = Instant::max();          // When the timer fires; it may be early, never late.
  bool busy_ = false;                       // The link is at work, below on the stack.
};

/// That end as results have it; nothing where it is none, or a goodbye of ours.
reports::QuicCounts counts_of(const SessionEnd& end, bool in_handshake);

}  // namespace squall::generators
