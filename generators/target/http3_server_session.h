#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/asio/ip/udp.hpp>

#include "generators/session/datagram_session.h"
#include "generators/target/quic_server_tls.h"
#include "generators/target/server_session.h"
#include "harness/base/units.h"

namespace squall::generators {

/// Between which two addresses datagrams go.
struct QuicPath {
  boost::asio::ip::udp::endpoint local;
  boost::asio::ip::udp::endpoint remote;
  bool operator==(const QuicPath&) const = default;
};

/// What a server has to send at one time; bursts[i] goes along paths[i].
struct ServerDatagrams {
  std::vector<char> bytes;
  std::vector<DatagramBurst> bursts;
  std::vector<QuicPath> paths;
};

/// The server's end of one HTTP/3 connection with its QUIC (RFC 9000, RFC 9114), over ngtcp2,
/// nghttp3 and GnuTLS, without I/O. Requests are known by a quarter of their stream's number.
///
/// Lifecycle:  accept() for a client's first Initial, which then is receive()d; on_timer() at
///             next_timer(); after each of them take_output(). is_over(): it says no more, but to
///             repeat its last word; is_gone(): nothing need be kept of it.
/// Threads:    one at a time. The handler is called from within receive(), on_timer(),
/// take_output()
///             and the destructor.
/// Errors:     whatever breaks ends it, with a CONNECTION_CLOSE that says why.
class Http3ServerSession final : public ServerSession {
 public:
  static constexpr std::uint64_t kMostStreams = 1024;
  static constexpr std::size_t kIdSize = 12;  ///< Bytes of the connection IDs that we give.
  using ResetToken = std::array<std::uint8_t, 16>;

  /// Who tells connections apart by their IDs.
  class Ids {
   public:
    Ids() = default;
    Ids(const Ids&) = delete;
    Ids& operator=(const Ids&) = delete;
    virtual ~Ids() = default;
    virtual void add(std::string_view id) = 0;
    virtual void remove(std::string_view id) = 0;
    /// What a stateless reset of the connection would end with (RFC 9000 §10.3).
    virtual ResetToken reset_token(std::string_view id) = 0;
  };

  /// What a client's first Initial says, and what its token proves.
  struct Hello {
    std::uint32_t version = 0;
    std::string client_id;        ///< Of the client's choice, for itself
    std::string chosen_id;        ///< and for us.
    std::string original_id;      ///< What it had chosen before a Retry; else as `chosen_id`.
    std::span<const char> token;  ///< Of our Retry; empty: there was none.
  };

  /// `keeps_admin_bodies`: whether requests below /.squall/ have their bodies kept. `tls`, `ids`
  /// and `handler` outlive the session. Null: out of memory.
  static std::unique_ptr<Http3ServerSession> accept(const QuicServerTls& tls, Handler& handler,
                                                    Ids& ids, const Hello& hello,
                                                    const QuicPath& path, bool keeps_admin_bodies,
                                                    Instant now);
  ~Http3ServerSession() override;

  void receive(std::span<const char> datagram, Ecn ecn, const QuicPath& path, Instant now);
  /// Appends what is to be sent, as much as has room in a buffer; true when there may be more.
  bool take_output(ServerDatagrams& out, Instant now);
  std::optional<Instant> next_timer() const;
  void on_timer(Instant now);
  /// Ends it: with H3_NO_ERROR, said by the next output.
  void close();

  bool is_established() const { return is_established_; }
  bool is_over() const { return stage_ != Stage::kOpen; }
  bool is_gone() const { return stage_ == Stage::kGone; }
  bool is_resumed() const;
  bool took_early_data() const;
  /// Along which it now talks.
  QuicPath path() const;
  /// The IDs by which the client may know us.
  std::vector<std::string> ids() const;

  bool answer(std::int32_t stream, int status, Bytes body) override;
  bool answer(std::int32_t stream, int status, std::string_view type, std::string body) override;
  /// With H3_INTERNAL_ERROR.
  bool reset(std::int32_t stream) override;
  void wait_at(std::int32_t stream, std::uint64_t place) override;
  bool is_waiting(std::int32_t stream) const override;
  /// GOAWAY (RFC 9114 §5.2).
  void go_away() override;

  std::uint64_t body_bytes_received() const override { return body_bytes_received_; }
  /// HTTP's bytes, without those of QUIC and TLS, and without what was sent again.
  std::uint64_t bytes_received() const { return bytes_received_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }

 private:
  enum class Stage {
    kOpen,
    kClosing,   ///< Our last word is kept, for those who have not heard it (RFC 9000 §10.2.1).
    kDraining,  ///< The client has closed it (§10.2.2).
    kGone,
  };
  struct Stream;
  struct Private;
  struct Callbacks;

  Http3ServerSession(Handler& handler, Ids& ids, bool keeps_admin_bodies);
  bool set_up(const QuicServerTls& tls, const Hello& hello, const QuicPath& path, Instant now);
  bool set_up_http();
  Stream& open_stream(std::int64_t id);
  void close_stream(std::int64_t id);
  void give_up(std::int64_t id);
  void complete(Stream& stream);
  Stream* unanswered(std::int32_t stream) const;
  bool submit(Stream& stream, int status, std::string_view type, std::uint64_t length);
  std::optional<std::size_t> put_packet(std::span<char> into, DatagramBurst& burst, QuicPath& path,
                                        Instant now);
  void reset_refused();
  void fail(int code, Instant now);
  void fail_http(int code);
  void end(Stage stage, Instant now);
  void put_close(ServerDatagrams& out, Instant now);

  Handler& handler_;
  Ids& ids_;
  const bool keeps_admin_bodies_;
  std::unique_ptr<Private> private_;
  std::unordered_map<std::int64_t, std::unique_ptr<Stream>> streams_;  // By QUIC's number.
  struct Refused {
    std::int64_t stream;
    std::uint64_t code;
  };
  std::vector<Refused> refused_;  // To be reset once nghttp3 has returned.
  std::size_t kept_body_bytes_ = 0;
  std::uint64_t body_bytes_received_ = 0;
  std::uint64_t bytes_received_ = 0;
  std::uint64_t bytes_sent_ = 0;
  Stage stage_ = Stage::kOpen;
  bool is_established_ = false;
  bool is_failing_ = false;  // There is a last word to be said.
};

}  // namespace squall::generators
