#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "generators/spec/target_spec.h"
#include "generators/transport/address_finder.h"
#include "generators/transport/byte_stream.h"
#include "generators/transport/datagram_link.h"
#include "generators/transport/resolver.h"
#include "generators/transport/source_addresses.h"
#include "generators/transport/tls.h"
#include "harness/base/units.h"
#include "harness/runtime/asio.h"
#include "reports/measure/outcome.h"

namespace squall::generators {

/// What came of an attempt to connect.
struct Dialled {
  std::unique_ptr<ByteStream> stream;  ///< Ready for use; null when the attempt failed,
  std::unique_ptr<DatagramLink> link;  ///< or with HTTP/3, where this is ready for use instead.
  reports::ErrorClass error = reports::ErrorClass::kNone;  ///< kResolve, kConnect or kTls.
  std::string why;                                         ///< In words, when it failed.
  /// What was dialled, or tried last: "127.0.0.1:8443", "[::1]:8443"; through a relay what stands
  /// behind it, as the URL has it. Empty when there was none.
  std::string address;
  std::optional<Duration> resolve;  ///< How long each step took, where it was taken and done.
  std::optional<Duration> connect;
  std::optional<Duration> tls;
  /// When the handshake began that still goes on: requests may go ahead of its end (0-RTT).
  std::optional<Instant> early;
  /// What became of an origin's word that it speaks HTTP/3 as well (RFC 7838).
  enum class Alternative {
    kNone,      ///< It gave none.
    kTaken,     ///< This is it.
    kFellBack,  ///< It was tried, but TCP was up before it;
    kAvoided,   ///< or not tried, because it was found out of reach a little while ago.
  };
  Alternative alternative = Alternative::kNone;
  bool is_by_record = false;   ///< With kTaken: known from an HTTPS record of the DNS (RFC 9460).
  Duration fell_back_after{};  ///< With kFellBack: so much later than at once was TCP begun.

  /// Over QUIC: how each address's handshake ended that failed, by itself or by the server's word.
  std::vector<SessionEnd> ends;

  bool is_up() const { return stream || link; }
  /// True when TLS resumed an earlier session; only when is_up().
  bool is_resumed() const { return stream ? stream->is_resumed() : link->session().is_resumed(); }
};

/// Makes connections.
///
/// Lifecycle:  outlives its attempts.
/// Threads:    those of one event loop, from which `done` is called too.
/// Errors:     in Dialled: an attempt that fails is data.
class Dialer {
 public:
  /// An attempt under way. Destroying it gives it up.
  class Attempt {
   public:
    virtual ~Attempt() = default;
    /// True while it waits for its turn among others of ours, and nothing has been sent.
    virtual bool is_queued() const { return false; }
  };
  using Done = std::function<void(Dialled)>;
  using Begun = std::function<void()>;

  virtual ~Dialer() = default;
  /// Begins to connect. `done` is called once, later, from the event loop, unless the attempt is
  /// destroyed before; it may destroy the attempt.
  virtual std::unique_ptr<Attempt> dial(const Url& url, Done done) = 0;
  /// The same; `begun` is called when something is sent for the first time, which may be at once.
  virtual std::unique_ptr<Attempt> dial_and_tell(const Url& url, Begun begun, Done done) {
    begun();
    return dial(url, std::move(done));
  }
  /// The datagrams of attempts over QUIC meet with this from now on; null: with nothing any more.
  virtual void disturb(const std::shared_ptr<DatagramTrouble>& /*trouble*/) {}
  /// An answer from `url` had that Alt-Svc header (RFC 7838); heeded by who can.
  virtual void heard_alternatives(const Url& /*url*/, std::string_view /*value*/, Instant /*now*/) {
  }
  /// A connection to `url` that was an alternative has turned silent.
  virtual void alternative_failed(const Url& /*url*/, Instant /*now*/) {}
};

/// How connections to a target are made.
struct DialOptions {
  std::map<std::string, std::vector<std::string>> resolve;  ///< Host to addresses, before DNS.
  std::shared_ptr<const TlsContext> tls;                    ///< For https.
  std::shared_ptr<TlsSessions> sessions;  ///< Of these connections, where `tls` resumes sessions.
  std::string protocol;    ///< What ALPN must agree on, with TLS; empty: whatever it says.
  Duration timeout{};      ///< For the whole attempt.
  SourceAddresses source;  ///< Where connections come from; none: the kernel chooses.
  std::uint64_t turn = 0;  ///< Which source address, and which of a name's, is first.
  std::shared_ptr<Resolver> resolver;  ///< Looks names up; null: one of the dialer's own.
};

/// What of `options` is for an AddressFinder, with a resolver of `loop` where there is none.
AddressFinder::Options finder_options(const DialOptions& options, asio::io_context& loop);

/// Connects by name or address over TCP, with TLS where the URL says https.
///
/// Names are looked up when the last answer holds no more. Each attempt begins with the next one of
/// a name's addresses, and goes through the others in order, each with its share of the time that
/// is left, until one connects. Each of these takes the next source address of its family.
///
/// Lifecycle:  outlives its attempts.
/// Threads:    all on the shard that runs `loop`.
/// Errors:     in Dialled.
class TcpDialer final : public Dialer {
 public:
  TcpDialer(asio::io_context& loop, DialOptions options);
  ~TcpDialer() override;
  TcpDialer(const TcpDialer&) = delete;
  TcpDialer& operator=(const TcpDialer&) = delete;
  std::unique_ptr<Attempt> dial(const Url& url, Done done) override;

 private:
  struct Shared;  // What its attempts share.
  class Course;
  class TcpAttempt;

  std::shared_ptr<Shared> shared_;
};

}  // namespace squall::generators
