#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "generators/session/request_session.h"
#include "harness/base/units.h"
#include "reports/measure/snapshot.h"

namespace squall::generators {

/// Explicit congestion notification: the lowest two bits of IP's traffic class (RFC 3168 §5).
enum class Ecn : std::uint8_t { kNone = 0, kEct1 = 1, kEct0 = 2, kCongested = 3 };

/// Datagrams that lie one after the other and leave together.
struct DatagramBurst {
  std::size_t begin = 0;    ///< Where in Datagrams::bytes,
  std::size_t size = 0;     ///< and how many bytes.
  std::size_t segment = 0;  ///< Of each datagram but the last, which may be smaller.
  Ecn ecn = Ecn::kNone;
};

/// What a session has to send at one time.
struct Datagrams {
  static constexpr std::size_t kSize = 64 * 1024;

  std::array<char, kSize> bytes;  // NOLINT: written before it is read
  std::vector<DatagramBurst> bursts;
};

/// How a session over datagrams came to its end.
struct SessionEnd {
  enum class Kind {
    kNone,       ///< It has not.
    kTransport,  ///< With a code of QUIC's (RFC 9000 §20.1),
    kTls,        ///< or of TLS, which travel in the former (RFC 9001 §4.8),
    kProtocol,   ///< or of HTTP/3's (RFC 9114 §8.1).
    kIdle,       ///< Nothing was heard for the idle time-out (RFC 9000 §10.1).
    kHandshake,  ///< The handshake was not done in time.
    kReset,      ///< The server has forgotten it (stateless reset, RFC 9000 §10.3).
    kVersion,    ///< The server speaks no version that we do (RFC 9000 §6).
    kGoodbye,    ///< We said goodbye.
  };
  Kind kind = Kind::kNone;
  bool by_peer = false;
  std::uint64_t code = 0;  ///< Where there is one.
  std::string text;        ///< The same in words: "H3_INTERNAL_ERROR (0x102)".
  std::string name;        ///< Without number and reason: "H3_INTERNAL_ERROR".
};

/// Requests that were sent before the handshake was done (0-RTT, RFC 9001 §4.6).
struct EarlyData {
  std::uint64_t sent = 0;      ///< Such requests,
  std::uint64_t accepted = 0;  ///< those of a handshake in which the server took them,
  std::uint64_t rejected = 0;  ///< those of one in which it took none (of no other is it known),
  std::uint64_t refused = 0;   ///< and those answered with 425 Too Early (RFC 8470 §5.2).

  bool operator==(const EarlyData&) const = default;
};

/// How the path to the server is doing, as a session sees it.
struct PathFigures {
  Duration smoothed_rtt{};
  std::uint64_t window = 0;  ///< Of congestion control, in bytes.
  std::uint64_t sent = 0;    ///< Packets so far, after the handshake,
  std::uint64_t lost = 0;    ///< and those that did not arrive.
  Duration probe_after{};    ///< How long an answer may take before one probes (RFC 9002 §6.2.1).
  std::uint64_t in_flight = 0;  ///< Bytes that are to be acknowledged.
};

/// What became of what a session did to its connection: of migrations and new keys.
struct ConnectionChanges {
  std::uint64_t validated = 0;   ///< Migrations whose path the server answered on (RFC 9000 §8.2),
  std::uint64_t unanswered = 0;  ///< and those whose it did not, or not before the next began.
  std::uint64_t key_updates = 0;  ///< Of ours, that the server followed (RFC 9001 §6.1).

  bool operator==(const ConnectionChanges&) const = default;
};

/// Who is told of a session's connection IDs (RFC 9000 §5.1), where many sessions share a socket.
///
/// Lifecycle:  outlives the session.
/// Threads:    the session's.
/// Errors:     none.
class ConnectionIds {
 public:
  static constexpr std::size_t kSize = 8;  ///< Of each.
  using Id = std::array<std::uint8_t, kSize>;
  using ResetToken = std::array<std::uint8_t, 16>;  ///< RFC 9000 §10.3.

  virtual ~ConnectionIds() = default;
  /// From now on the server may call the session so. False when another one is: it needs a new one.
  virtual bool add(const Id& id) = 0;
  virtual void remove(const Id& id) = 0;
  /// A datagram that ends with this says that the server has forgotten the session.
  virtual void add_reset(const ResetToken& token) = 0;
  virtual void remove_reset(const ResetToken& token) = 0;
};

/// A session over datagrams, with its own handshake, timers and congestion control: HTTP/3.
///
/// Whoever owns it feeds receive() with each datagram that came, calls on_timer() at next_timer(),
/// and after either, or after requests were submitted, sends what take_output() gives.
///
/// Lifecycle:  made with the connection; the handshake begins with the first output. From
///             is_established() on, and observe(), requests may be submitted.
/// Threads:    as RequestSession.
/// Errors:     receive(), on_timer() and take_output() answer false when the connection cannot go
///             on, and end() says why; what take_output() then has still says it to the server.
class DatagramSession : public RequestSession {
 public:
  /// Who hears of requests; before the first is submitted.
  virtual void observe(Observer& observer) = 0;
  /// True when the handshake is done.
  virtual bool is_established() const = 0;
  /// True when TLS resumed an earlier session instead of a full handshake.
  virtual bool is_resumed() const = 0;
  /// True from the first output on when requests may be submitted though the handshake is not done.
  virtual bool is_early() const { return false; }
  /// True when this request, which has not ended, was sent ahead of the handshake's end, and the
  /// server has not rejected that.
  virtual bool went_early(Ticket /*ticket*/) const { return false; }
  /// What became of early requests so far. Those that the server did not take are sent again, in
  /// good time and on this connection: they have not ended.
  virtual EarlyData early_data() const { return {}; }
  virtual PathFigures path() const { return {}; }
  /// Goes on from another address of ours (RFC 9000 §9.2): what is sent and received from now on is
  /// by a socket there. False where that cannot be done now, or the server forbids it.
  virtual bool migrate(const sockaddr& /*local*/, std::size_t /*size*/, Instant /*now*/) {
    return false;
  }

  /// Goes on with new keys (RFC 9001 §6). False when it is too soon for that, after the handshake
  /// or the keys before.
  virtual bool update_keys(Instant /*now*/) { return false; }
  virtual ConnectionChanges changes() const { return {}; }

  virtual bool receive(std::span<const char> datagram, Ecn ecn, Instant now) = 0;
  virtual bool take_output(Datagrams& out, Instant now) = 0;
  /// When on_timer() is due; none when nothing is awaited.
  virtual std::optional<Instant> next_timer() const = 0;
  virtual bool on_timer(Instant now) = 0;
  virtual const SessionEnd& end() const = 0;
  /// The streams of requests that were broken off since this was last asked, the connection going
  /// on; not what was given up for us.
  virtual std::vector<reports::QuicError> take_breaks() { return {}; }
};

}  // namespace squall::generators
