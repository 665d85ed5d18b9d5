#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "generators/target/http3_server_session.h"
#include "generators/target/quic_counts.h"
#include "generators/target/quic_server_tls.h"
#include "harness/base/units.h"

namespace squall::generators {

class QuicConnection;
struct QuicHead;

/// All QUIC connections of one address, told apart by their IDs (RFC 9000 §5.2), without I/O:
/// version negotiation, Retry and stateless resets are its own.
///
/// Memory is bounded: connections that do not shake hands are gone after 10 s, and beyond
/// kMostConnections new ones are refused.
///
/// Lifecycle:  receive() what comes, then flush(); on_timer() at next_timer().
/// Threads:    one at a time. The owner is called from within all of these.
/// Errors:     none: what cannot be understood is counted as ignored.
class QuicServer {
 public:
  static constexpr std::size_t kMostConnections = 20'000;

  /// What is around a server.
  class Owner {
   public:
    Owner() = default;
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;
    virtual ~Owner() = default;
    /// The number of a connection that begins now.
    virtual std::uint64_t on_open(const std::shared_ptr<QuicConnection>& connection) = 0;
    virtual void on_established(QuicConnection& connection) = 0;
    /// It has said its last; it may still exist for a while.
    virtual void on_closed(QuicConnection& connection) = 0;
    virtual void on_request(QuicConnection& connection, ServerSession& session,
                            const ReceivedRequest& request) = 0;
    virtual void on_abandoned(std::uint64_t place) = 0;
    /// Datagrams for a client. False: the socket takes no more for now; flush() when it does.
    virtual bool send(const ServerDatagrams& datagrams) = 0;
    /// Asked once for each new client: whether it is not to hear a word.
    virtual bool silences(const QuicPath& path) = 0;
  };

  /// `retry`: new clients must show that they receive what is sent to them (RFC 9000 §8.1.2).
  QuicServer(Owner& owner, QuicServerTls tls, bool retry);
  QuicServer(const QuicServer&) = delete;
  QuicServer& operator=(const QuicServer&) = delete;
  ~QuicServer();

  void receive(std::span<const char> datagram, Ecn ecn, const QuicPath& path, Instant now);
  /// Sends what there is, of connections that have been heard or answered.
  void flush(Instant now);
  std::optional<Instant> next_timer() const;
  void on_timer(Instant now);
  /// New clients are refused from now on.
  void refuse_new() { refuses_ = true; }

  const QuicCounts& counts() const { return counts_; }
  std::size_t connections() const { return connections_.size(); }

 private:
  friend class QuicConnection;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  template <class T>
  using ById = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

  void begin(std::span<const char> datagram, Ecn ecn, const QuicPath& path, Instant now);
  void open(const QuicHead& head, const Http3ServerSession::Hello& hello, const QuicPath& path,
            Instant now);
  void retry(const QuicHead& head, const QuicPath& path, Instant now);
  void refuse(const QuicHead& head, std::uint64_t code, const QuicPath& path);
  void negotiate_version(std::span<const char> datagram, const QuicPath& path);
  void reset_stateless(std::string_view id, std::size_t most, const QuicPath& path);
  void send_one(std::string datagram, const QuicPath& path);
  Http3ServerSession::ResetToken reset_token(std::string_view id) const;

  void touch(QuicConnection& connection);
  void flush_one(QuicConnection& connection, Instant now);
  void settle(QuicConnection& connection);
  void forget(QuicConnection& connection);

  Owner& owner_;
  QuicServerTls tls_;
  const bool retries_;
  bool refuses_ = false;
  bool is_blocked_ = false;
  QuicCounts counts_;
  ById<QuicConnection*> by_id_;
  ById<Instant> silenced_;  // Clients by the ID that they chose, and when they were last heard.
  std::unordered_map<QuicConnection*, std::shared_ptr<QuicConnection>> connections_;
  std::set<std::pair<Instant, QuicConnection*>> timers_;
  std::vector<std::shared_ptr<QuicConnection>> touched_;
  ServerDatagrams out_;
};

}  // namespace squall::generators
