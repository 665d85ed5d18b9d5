#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "generators/load/blame.h"
#include "generators/load/connection_pool.h"
#include "generators/load/prepared_load.h"
#include "generators/load/recorder.h"
#include "generators/load/rest_rule.h"
#include "generators/load/ring_queue.h"
#include "generators/load/row_dealer.h"
#include "generators/load/users.h"
#include "generators/load/walkers.h"
#include "generators/schedule/arrival_walk.h"
#include "generators/transport/dial.h"
#include "harness/base/units.h"
#include "harness/runtime/asio.h"

namespace squall::generators {

/// Which part of a load one shard offers.
struct LoadPart {
  Slice slice;                      ///< Of the load's requests, or of its users.
  std::vector<std::size_t> places;  ///< Of its connections.
};

/// One load on one shard: lets requests fall due, sends them when a stream is free, ends.
///
/// A request that is due goes into the backlog; from there it is sent in order, as streams are
/// free. It leaves the backlog otherwise when it is older than the target's deadline (shed), when
/// an attempt to connect fails and no connection is up (an error), or when the load is over
/// (unsent). One timer serves all: arrivals, users who have thought, timeouts, the end.
///
/// A request that the server has not processed (RFC 9113 §8.7) is sent once more, before all that
/// waits: on another connection, where the server is likely to take it, as soon as there is one
/// with a stream free (ConnectionPool::take_again). Its response counts from its due moment, its
/// service and its timeout from the second sending. What waits for that for the timeout ends as
/// timed out.
///
/// In a flow, each arrival of an open load begins a walk, whose further steps fall due as soon as
/// the answer before is there; a user of a closed load thinks between. A walk that the end of the
/// load cuts off is neither completed nor abandoned. When a table with the order once has no more
/// rows for this shard, nothing more begins, and the load ends with what is under way.
///
/// How long a request waits counts as lateness, our own fault, when a stream was free as it fell
/// due, or when we are to Blame for the backlog.
///
/// Lifecycle:  open() ahead of the start → … → `on_done` once, when all has ended and been counted;
///             or stop() before. close() ends it at once. The dialer and the recorder outlive it.
/// Threads:    its shard's.
/// Errors:     data, in the recorder.
class ShardLoad final : private ConnectionPool::Owner {
 public:
  ShardLoad(asio::io_context& loop, std::shared_ptr<const PreparedLoad> load, LoadPart part,
            Dialer& dialer, Recorder& recorder, std::function<void()> on_done,
            RestRule rest = RestRule());
  ShardLoad(const ShardLoad&) = delete;
  ShardLoad& operator=(const ShardLoad&) = delete;

  /// `start` is the beginning of the timeline; the load begins its own `at` later.
  void open(Instant start);
  /// Goes on by `stages` from `at` after the start of the timeline; see LoadEngine::pace().
  void pace(Duration at, const std::vector<Stage>& stages);
  /// See LoadEngine::add_users().
  void more_users(Duration at, std::uint64_t count);
  /// See LoadEngine::allow_until(); `on_lapse` is told when that ends the load.
  void allow_until(Instant moment);
  void on_lapse(std::function<void()> on_lapse) { on_lapse_ = std::move(on_lapse); }
  /// Begins no further request; see LoadEngine::stop().
  void stop(Duration drain);
  /// Ends at once: what is in flight counts as closed, what waits as unsent.
  void close();

  bool is_done() const { return done_; }

  /// See LoadEngine::disturb().
  void disturb(const Disturbance& what, std::uint64_t seed) { pool_.disturb(what, seed); }
  DisturbanceTally calm() { return pool_.calm(); }

  /// As RestPolicy::rest(), for this load alone; kNoMatter when any rest will do.
  Duration rest() const;
  /// As RestPolicy::on_rested(): lets fall due what is. True for an open load, whose arrivals the
  /// shard looks for after each rest, so that its timer may sleep.
  bool on_rested();
  /// The shard rests no more: from here on the timer wakes it.
  void on_awake();
  static constexpr Duration kNoMatter = Duration::max();

  std::size_t backlog() const { return backlog_.size(); }
  std::size_t in_flight() const { return pool_.in_flight() + again_.size(); }
  /// When its timer goes off; the far future when it is not set.
  Instant next_tick() const { return armed_for_; }

 private:
  /// A request that is to be sent again.
  struct Again {
    Job job;
    Instant sent{};
    const PreparedRequest* request = nullptr;
    std::uint32_t address = 0;
    const Connection* from = nullptr;  // Only to be compared.
    Instant since{};
  };

  bool on_unprocessed(const Connection& connection, const InFlight& request, Instant now) override;
  void on_end(const InFlight& request, reports::ErrorClass error, int status, Instant now) override;
  void on_no_connection(reports::ErrorClass error, Instant now) override;
  void on_progress(Instant now) override;

  void add_users(std::uint64_t count, Instant from);
  void tick();
  /// True when the load may not go on, which ends it.
  bool heed_lapse(Instant now);
  void release_arrivals(Instant now);
  void release_users(Instant now);
  void release(const Job& job);
  /// Gives a job what it uses alone, and lets a walk begin; false when the rows are used up.
  bool begin(Job& job);
  void go_on_after(const Job& job, bool ok, Instant now);
  void learn(const InFlight& request, bool ok);
  RenderContext context_of(const Job& job);
  const PreparedRequest& request_of(const Job& job, std::size_t url);
  /// The index of its request within the load.
  std::uint32_t index_of(const Job& job);
  void pump(Instant now);
  bool nothing_waits() const { return backlog_.empty() && again_.empty(); }
  void send_again(Instant now);
  /// Ends those that have waited to be sent again since `before` or earlier.
  void end_again(Instant before, reports::ErrorClass error, Instant now);
  /// Counts the wait of a request that leaves the backlog, where it is our own fault.
  void tell_lateness(const Job& job, Instant now);
  /// Since when the loop may have had something to do for this load that it has not done.
  Instant behind_since();
  void shed_stale(Instant now);
  void leave_unsent(Instant now);
  bool has_due(Instant now) const;
  void count_rest_as_unsent(Instant now);
  void check_over(Instant now);
  void arm();

  asio::io_context& loop_;
  std::shared_ptr<const PreparedLoad> load_;
  LoadPart part_;
  Recorder& recorder_;
  std::function<void()> on_done_;
  std::function<void()> on_lapse_ = [] {};
  ConnectionPool pool_;
  RingQueue<Job> backlog_;
  RingQueue<Again> again_;
  std::shared_ptr<const OpenSchedule> schedule_;  // As paced; null where there is none.
  std::optional<ArrivalWalk> arrivals_;           // Of an open load,
  std::optional<ThinkingUsers> users_;            // or a closed one.
  Walkers walkers_;                               // Where the load keeps any.
  RowDealer rows_;
  std::uint64_t requests_begun_ = 0;  // Closed loads: how many requests
  std::uint64_t walks_begun_ = 0;     // and walks have begun here,
  std::uint32_t known_users_ = 0;     // by how many users.
  asio::steady_timer timer_;
  asio::steady_timer opening_;
  Instant armed_for_ = Instant::max();
  Blame blame_;
  RestRule rest_;
  Instant faded_{};        // When blame_ last was.
  Instant awake_{};        // The waking of the loop that
  Instant overdue_{};      // was due then.
  bool was_free_ = false;  // What waits fell due with a stream free, and nothing before it.
  Instant next_look_ = Instant::min();  // For arrivals, not before.
  Instant begin_{};
  Instant end_{};      // No request begins from here on.
  Instant give_up_{};  // What still waits then is unsent.
  Instant allowed_until_ = Instant::max();
  std::optional<Instant> cut_;  // After stop(): when what is in flight is given up.
  bool shard_rests_ = false;    // And looks for arrivals after each rest.
  bool opened_ = false;
  bool stopped_ = false;
  bool used_up_ = false;  // The rows of a table with the order once.
  bool pumping_ = false;
  bool done_ = false;
};

}  // namespace squall::generators
