#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "generators/http3/qlog_folder.h"
#include "generators/http3/quic_tls.h"
#include "generators/session/datagram_session.h"
#include "harness/base/units.h"
#include "harness/runtime/asio_udp.h"

struct ngtcp2_conn;
struct nghttp3_conn;

namespace squall::generators {

/// How a connection over QUIC is made.
struct QuicOptions {
  std::shared_ptr<const QuicTls> tls;
  std::shared_ptr<QuicTickets> tickets;  ///< Where `tls` resumes sessions; else null.
  std::string host;                      ///< For SNI, and what is verified.
  std::string server;                    ///< Under which name tickets are kept.
  asio::ip::udp::endpoint local;
  asio::ip::udp::endpoint remote;
  Duration handshake_timeout = std::chrono::seconds(10);
  Duration idle_timeout = std::chrono::seconds(30);  ///< What we offer; the shorter of both holds.
  /// Connection IDs and the like come from this seed rather than from the system: for tests.
  std::optional<std::uint64_t> seed;
  /// New keys come after fewer packets than the cipher allows (RFC 9001 §6.6): for tests.
  std::optional<std::uint64_t> most_sealed;
  QuicSpec quic;
  std::shared_ptr<QlogFolder> qlog;  ///< Null: nothing is written down.
  /// Null: the socket alone says which connection a datagram belongs to, and ours has an empty ID.
  std::shared_ptr<ConnectionIds> ids;
};

/// The client's side of one HTTP/3 connection (RFC 9114) with its QUIC (RFC 9000, version 1), over
/// ngtcp2 and nghttp3.
///
/// An idle connection is kept up with a PING every 10 s (RFC 9000 §10.1.2), so that it lasts as
/// long as one of HTTP/2 would, unless the server's own idle time-out is shorter. A peer that
/// answers nothing for 30 s is gone.
///
/// With a ticket, and the transport parameters that came with it, safe requests without a body may
/// go ahead of the handshake (0-RTT); all others wait for its end. What the server did not take
/// then, or answers with 425, is sent again when it is done.
///
/// What a server may make us keep is bounded: the windows of the spec, for what came out of order,
/// and 256 KB for a header. More is an error of the connection, as is every breach of
/// the protocol that the RFCs call one; a malformed answer ends its request alone.
///
/// Lifecycle:  as DatagramSession.
/// Threads:    one owner at a time.
/// Errors:     as DatagramSession. make() answers null when memory is out.
class Http3Session final : public DatagramSession {
 public:
  static std::unique_ptr<Http3Session> make(QuicOptions options, Instant now);
  ~Http3Session() override;

  void observe(Observer& observer) override { observer_ = &observer; }
  bool is_established() const override { return established_; }
  bool is_resumed() const override;
  bool is_early() const override { return early_; }
  bool went_early(Ticket ticket) const override;
  EarlyData early_data() const override { return early_data_; }
  PathFigures path() const override;
  bool migrate(const sockaddr& local, std::size_t size, Instant now) override;
  bool update_keys(Instant now) override;
  ConnectionChanges changes() const override;

  bool can_submit() const override;
  std::size_t open_streams() const override { return open_streams_; }
  bool has_gone_away() const override { return gone_away_; }
  /// A GOAWAY of HTTP/3's has no code (RFC 9114 §5.2): what comes after it may be a fault.
  bool has_left_in_good_order() const override;
  /// True when the server's SETTINGS have arrived.
  bool is_confirmed() const override { return confirmed_; }

  bool submit(Ticket ticket, const RenderedRequest& request, bool has_body) override;
  /// RESET_STREAM and STOP_SENDING, H3_REQUEST_CANCELLED.
  void cancel(Ticket ticket) override;
  /// CONNECTION_CLOSE, H3_NO_ERROR.
  void say_goodbye() override;
  bool is_over() const override;
  std::string complaint() const override;

  bool receive(std::span<const char> datagram, Ecn ecn, Instant now) override;
  bool take_output(Datagrams& out, Instant now) override;
  std::optional<Instant> next_timer() const override;
  bool on_timer(Instant now) override;
  const SessionEnd& end() const override { return end_; }
  std::vector<reports::QuicError> take_breaks() override { return std::exchange(breaks_, {}); }

 private:
  static constexpr std::size_t kWorthFreeing = 16 * 1024;

  struct Stream;
  struct Callbacks;  // What ngtcp2 and nghttp3 call.
  struct Private;    // What is theirs.

  Http3Session();
  bool set_up(QuicOptions options, Instant now);
  bool set_up_http();

  Stream* find(Ticket ticket) const;
  Stream& take_idle();
  bool start(Stream& stream);
  void start_held();
  void hold_again(Stream& stream);
  bool take_early_data_back();
  void finish(Stream& stream, StreamEnd end);
  /// Ends a request whose answer broke the protocol, which is told with this code.
  void break_off(Stream& stream, std::uint64_t code);
  void on_answer_whole(Stream& stream);
  void on_goaway(std::int64_t first_unprocessed);
  void on_header(Stream& stream, std::string_view name, std::string_view value);
  void forget(Stream& stream);
  void release(Stream& stream);
  void reset_later(const Stream& stream);
  void reset_queued();
  void on_sent(std::int64_t id);
  void on_path(bool is_validated);

  bool fail_transport(int code);
  bool fail_http(int code);
  void fail_http_with(std::uint64_t error, const std::string& why);
  void fail_with(SessionEnd::Kind kind, std::uint64_t code, std::string text);
  void end_by_peer();
  void put_close(Datagrams& out, std::size_t used, Instant now);
  /// One packet; its size, 0 when there is none to be sent now. nullopt: the session has failed.
  std::optional<std::size_t> put_packet(std::span<char> into, Ecn& ecn, Instant now);

  std::unique_ptr<Private> private_;
  ngtcp2_conn* quic_ = nullptr;   // Both owned by private_.
  nghttp3_conn* http_ = nullptr;  // Null until the handshake is done.
  Observer* observer_ = nullptr;
  std::vector<Stream*> tickets_;  // By ticket; null where it is not in use.
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<Stream*> idle_streams_;
  std::vector<Stream*> uploads_;        // With a ticket and a body that has not gone.
  std::vector<Stream*> held_;           // To be started when the handshake is done.
  std::vector<Stream*> sent_late_;      // Whose answer came before all of the request had gone.
  std::vector<std::int64_t> to_reset_;  // Streams of requests that were given up.
  std::size_t open_streams_ = 0;        // Of those with a ticket.
  SessionEnd end_;
  std::string stream_trouble_;  // Why the last stream ended that did not end well.
  std::vector<reports::QuicError> breaks_;
  EarlyData early_data_;
  ConnectionChanges changes_;  // All but key_updates.
  bool migrates_ = false;      // The path is to be validated.
  bool has_closed_ = false;    // Our CONNECTION_CLOSE has been taken, or none is to be sent.
  bool early_ = false;         // There are keys for 0-RTT.
  bool established_ = false;
  bool confirmed_ = false;
  bool gone_away_ = false;
};

}  // namespace squall::generators
