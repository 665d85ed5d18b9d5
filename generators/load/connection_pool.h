#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "generators/load/backoff.h"
#include "generators/load/connection.h"
#include "generators/load/disturber.h"
#include "generators/load/recorder.h"
#include "generators/load/taken_rule.h"
#include "generators/spec/target_spec.h"
#include "generators/transport/dial.h"
#include "harness/base/units.h"
#include "harness/runtime/asio.h"

namespace squall::generators {

/// The part of a load's connections that one shard keeps.
struct PoolOptions {
  std::vector<Url> urls;
  std::vector<std::size_t> places;  ///< The load's number of each connection of this pool.
  Balance balance = Balance::kRoundRobin;
  Protocol protocol = Protocol::kAuto;
  std::size_t streams = 1;
  Duration timeout{};
  ReconnectSpec reconnect;
  std::optional<RenewSpec> renew;
  Duration connect_over{};  ///< open() opens them evenly over this time.
  std::uint64_t seed = 0;
  std::int32_t first_stream = 1;  ///< As Http2Session: the later, the sooner are they used up.
};

/// Which of a load's `connections` shard `shard` of `shards` keeps: a block of neighbours, because
/// connection c goes to URL c mod the number of URLs. Dealt out in turn, two shards and two URLs
/// would leave each shard with one URL alone, and nothing to fall back on when that is lost.
std::vector<std::size_t> connections_of(std::size_t shard, std::size_t shards,
                                        std::size_t connections);

/// The connections of one load on one shard: makes them, replaces them, says which has a stream
/// free.
///
/// A place is a connection that should be there. It is dialled at open(), and again after each loss
/// or failure, with back-off; at once when the server said goodbye in good order (GOAWAY without an
/// error) after having answered something, or with what it is still to answer: on trust, until an
/// answer comes, only once. A connection that the server left, or that is due to be renewed, or
/// whose protocol has no number left for a request, still finishes what it has in flight, beside
/// its replacement.
///
/// A server that goes away in good order and leaves requests unprocessed has told how many it takes
/// on a connection. What is to be sent again keeps within that, so that it is not turned away
/// twice; and where it is less than may be in flight, all do. That ends when a connection has more
/// answers, or has stayed up for 20 ms with so many sent and none in flight.
///
/// Connections that were opened together are not renewed together: the age at which one is, is
/// drawn between half of the greatest and that; of requests, the first connection of place i of n
/// takes the share 1 - i/n.
///
/// With round-robin a place has one URL for good: while that is down, its places are in back-off,
/// and the load goes over the connections that are up. With random each attempt draws anew.
///
/// Lifecycle:  open() → … → close(); the owner and the dialer outlive it.
/// Threads:    its shard's.
/// Errors:     counted; a failed attempt is told of when no connection is up.
class ConnectionPool final : private Connection::Owner {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    /// As Connection::Owner::on_unprocessed(). No request may be sent from here.
    virtual bool on_unprocessed(const Connection& connection, const InFlight& request,
                                Instant now) = 0;
    /// A request ended. No request may be sent from here.
    virtual void on_end(const InFlight& request, reports::ErrorClass error, int status,
                        Instant now) = 0;
    /// An attempt to connect failed while no connection is up.
    virtual void on_no_connection(reports::ErrorClass error, Instant now) = 0;
    /// Streams may be free, or all may have ended.
    virtual void on_progress(Instant now) = 0;
  };

  ConnectionPool(asio::io_context& loop, Dialer& dialer, Recorder& recorder, PoolOptions options,
                 Owner& owner);
  ~ConnectionPool() override;
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  void open();
  /// Closes everything; what is in flight ends as kClosed. Nothing is dialled any more.
  void close(Instant now);

  bool has_free() const { return !free_.empty(); }
  /// The connection to send the next request on: those with a free stream take turns. What is sent
  /// between two flushes goes out on as few connections as may be, up to 16 requests on each,
  /// because a connection costs a call of the kernel. Null when there is none.
  Connection* take(Instant now);
  /// For a request that `from` has left unprocessed: another one, unless that is the only one that
  /// has a stream free, and one on which the server is likely to process it. Null when there is
  /// none now; there will be, with the next connection or when the server is seen to take more.
  Connection* take_again(Instant now, const Connection* from);
  /// Sends on a connection that take() gave; written by the next flush().
  void send(Connection& connection, const Job& job, const PreparedRequest& request,
            const RenderContext& context, Instant now);
  void flush(Instant now);

  /// Ends what has been in flight for the timeout, as timed out.
  void expire(Instant now) { expire_older(timeout_, now); }
  /// Ends all that is in flight as timed out, now.
  void expire_all(Instant now) { expire_older(Duration::zero(), now); }
  /// When to call expire(), which may then find that all has ended; none when nothing has been sent
  /// since it found that.
  std::optional<Instant> next_expiry() const { return expiry_; }
  std::size_t in_flight() const { return in_flight_; }

  /// Disturbs connections over QUIC until calm(), which says what came of it.
  void disturb(const Disturbance& what, std::uint64_t seed);
  DisturbanceTally calm();

 private:
  struct Place {
    std::size_t number = 0;  // Within the load.
    Backoff backoff;
    std::unique_ptr<asio::steady_timer> timer;
    std::shared_ptr<Connection> connection = nullptr;    // Up; or null,
    std::unique_ptr<Dialer::Attempt> attempt = nullptr;  // being dialled; or neither: waiting.
    std::optional<Instant> lost = std::nullopt;  // When the connection was that is to be replaced.
    bool renewed = false;   // What is being dialled replaces one that was given up for it.
    bool waits = false;     // For the timer.
    bool believed = false;  // The server went away, with nothing answered here, and was believed.
    Instant most_age = Instant::max();  // Of the connection: the end of its time,
    std::uint64_t most_requests = 0;    // and of its requests.
  };

  bool on_unprocessed(const Connection& connection, const InFlight& request, Instant now) override;
  void on_end(const InFlight& request, reports::ErrorClass error, int status, Instant now) override;
  void on_trouble(const Connection& connection, reports::ErrorClass error) override;
  void on_alternatives(const Connection& connection, std::string_view value, Instant now) override {
    dialer_.heard_alternatives(options_.urls[connection.url()], value, now);
  }
  void on_bytes(std::uint64_t received, std::uint64_t sent, Instant now) override;
  void on_datagrams(std::uint64_t received, std::uint64_t dropped, Instant now) override;
  void on_quic(const reports::QuicCounts& counts, Instant now) override;
  void on_established(Connection& connection, Duration took, Instant now) override;
  void on_progress(Connection& connection, Instant now) override;
  void on_lost(Connection& connection, Instant now) override;

  void dial(std::size_t place);
  void dial_at(std::size_t place, Instant when);
  /// The first failure of each class is said aloud: counts do not tell why.
  void say_once(const Dialled& failed, std::size_t url);
  void on_dialled(std::size_t index, std::size_t url, Dialled dialled);
  std::shared_ptr<Connection> connect(Dialled dialled, std::size_t url, Instant now);
  /// Counts what became of the origin's word that it speaks HTTP/3.
  void note_alternative(const Dialled& dialled, Instant now);
  /// Counts one whose handshake is done.
  void note_opened(const Connection& connection, bool is_resumed, Instant now);
  void replace(Connection& connection, Instant now);
  /// Whether a connection that the server leaves is replaced at once; once said, it counts.
  bool leaves_in_good_order(const Connection& connection);
  /// Ends the waiting of a place whose server keeps its word after all.
  void note_answers(const Connection& connection);
  /// Notes how many requests the server takes on a connection, from one that it leaves.
  void note_taken(const Connection& connection);
  /// True when the server would not take another request on it, as far as we know.
  bool is_used_up(const Connection& connection) const {
    return taken_[connection.url()].is_used_up(connection.requests_sent());
  }
  /// The most answers that another connection to the same URL has had.
  std::uint64_t most_answers_beside(const Connection& connection) const;
  /// A connection is used up, but the server has not left it. If that stays so, it was mistaken.
  void doubt(Connection& connection);
  void retire(Connection& connection, Instant now);
  void let_go(Connection& connection);
  /// Closes one that has been given up: what never came up has failed, whoever ended it.
  void close_given_up(Connection& connection, Instant now);
  void limit(std::size_t index, Instant now);
  bool is_worn(const Connection& connection, Instant now) const;
  void update_free(Connection& connection);
  void update_all_free();
  void mark_dirty(Connection& connection);
  void expire_older(Duration timeout, Instant now);
  std::size_t pick_url(std::size_t place);

  asio::io_context& loop_;
  Dialer& dialer_;
  Recorder& recorder_;
  Owner& owner_;
  PoolOptions options_;
  Duration timeout_;
  Random random_;
  std::array<bool, reports::kErrorClasses> said_{};
  /// By URL: which failures to connect were told since there was a connection.
  std::vector<std::array<bool, reports::kErrorClasses>> told_;
  std::vector<Place> places_;
  std::vector<std::shared_ptr<Connection>> leaving_;  // No new requests; what is in flight ends.
  std::vector<Connection*> free_;                     // Those with a free stream.
  std::vector<std::shared_ptr<Connection>> dirty_;    // Those with something to be flushed.
  std::vector<std::shared_ptr<Connection>> flushing_;
  std::vector<TakenRule> taken_;  // By URL.
  asio::steady_timer doubt_;
  Disturber disturber_;
  std::weak_ptr<Connection> doubted_;  // What doubt_ is about.
  std::size_t turn_ = 0;
  std::size_t together_ = 0;  // Taken since the last flush() from the connection whose turn it is.
  std::size_t up_ = 0;
  std::size_t in_flight_ = 0;
  std::optional<Instant> expiry_;
  bool closed_ = false;
};

}  // namespace squall::generators
