#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "generators/target/behaviour.h"
#include "generators/target/sampling.h"
#include "generators/target/service_queue.h"
#include "harness/base/units.h"

namespace squall::generators {

/// What is to be done with one request.
struct Reply {
  enum class Kind {
    kAnswer,   ///< Answer with `status` and `body`.
    kReset,    ///< Reset the stream.
    kSilence,  ///< Never answer.
    kLater,    ///< collect() will say; until then withdraw(`place`) if the client gives up.
  };
  Kind kind = Kind::kLater;
  int status = 0;
  Bytes body;
  std::uint64_t place = 0;  ///< Only with kLater; never 0 then.
  bool is_error = false;    ///< Drawn to fail, by the path's share of errors.
};

/// A reply that has become due.
struct Completion {
  Ticket ticket;
  Reply reply;
};

/// What became of the requests so far. Always:
/// requests = Σ status + resets + silenced + abandoned + in_service + queued + held.
struct RequestCounts {
  std::uint64_t requests = 0;
  std::map<int, std::uint64_t> status;  ///< Answers, by status; the refused are among them.
  std::uint64_t errors = 0;             ///< Answered with the error status of their path.
  std::uint64_t refused = 0;            ///< Answered 503 at once because the queue was full.
  std::uint64_t resets = 0;
  std::uint64_t silenced = 0;
  std::uint64_t abandoned = 0;  ///< The client had gone, or had reset the stream, before the reply.
  std::uint64_t in_service = 0;
  std::uint64_t queued = 0;
  std::uint64_t held = 0;  ///< Held back by a stall, their service being over.
};

/// Decides what becomes of each request: one service queue for each path prefix, and stalls.
///
/// Pure: it holds no socket and reads no clock. A stall stops the clock by which all queues go, so
/// that work stands still (as in a garbage collection) and goes on where it was, with nothing lost.
/// The times of a behaviour's changes are of that clock, too; a change is in force at its very
/// moment, however late anybody looks.
///
/// Lifecycle:  needs collect() at next_due(), and after every change.
/// Threads:    one at a time.
/// Errors:     none; tables must have passed check().
class Backend {
 public:
  /// `seed`: all random choices follow from it and from the order of calls. `start`: what the times
  /// of behaviours' changes count from.
  Backend(const BehaviourTable& behaviours, std::uint64_t seed, Instant start = {});
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  ~Backend() = default;

  /// A request has arrived in full. `now` never goes back, from call to call.
  Reply arrive(std::string_view path, Ticket ticket, Instant now);
  /// The client of a kLater gave up.
  void withdraw(std::uint64_t place);
  /// When collect() has something to say.
  std::optional<Instant> next_due() const;
  /// Appends all replies that are due by `now`.
  void collect(Instant now, std::vector<Completion>& due);
  /// Counts a reply from collect() as given, or as abandoned if nobody is there to take it.
  void count(const Reply& reply, bool was_given);

  /// No reply falls due for `length` from now; a stall in force is made longer if need be.
  void stall(Duration length, Instant now);

  const BehaviourTable& behaviours() const { return behaviours_; }
  /// Replaces all behaviours. Requests in service or waiting keep their places.
  void set_behaviours(const BehaviourTable& behaviours, Instant now);

  RequestCounts counts() const;

 private:
  struct Route {
    std::string prefix;
    Behaviour behaviour;  // With what has changed by now.
    ServiceQueue queue;
    std::size_t changed = 0;  // So many of behaviour.changes are in force.
  };

  Route& route_of(std::string_view path);
  std::unique_ptr<Route> make_route(const std::string& prefix);
  Duration service_time(const Route& route);
  std::optional<Instant> next_change(const Route& route) const;
  bool take_change(Route& route, Instant work) const;
  void catch_up(Route& route, Instant work) const;
  Reply reply_of(const Behaviour& behaviour);
  bool is_stalled(Instant now) const { return now < stall_until_; }
  Instant work_time(Instant now) const;
  Instant real_time(Instant work) const;
  std::size_t pending() const;

  BehaviourTable behaviours_;
  RandomStream random_;
  Instant start_;
  std::vector<std::unique_ptr<Route>> routes_;   // Longest prefix first.
  std::vector<std::unique_ptr<Route>> retired_;  // Without a behaviour now, but not yet idle.
  std::deque<Completion> held_;
  std::uint64_t last_number_ = 0;
  RequestCounts counts_;
  std::map<int, std::uint64_t>::iterator last_status_;  // Most answers have the status of the last.

  // The clock by which the queues go: real time less all stalls. One stall may be in force.
  Duration stalled_before_{};
  Instant stall_from_{};
  Instant stall_until_{};
};

}  // namespace squall::generators
