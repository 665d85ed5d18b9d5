#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "harness/base/units.h"

namespace squall::generators {

/// Whom an answer is for: a connection, by a number that is never used again, and its stream.
struct Ticket {
  std::uint64_t connection = 0;
  std::int32_t stream = 0;
  bool operator==(const Ticket&) const = default;
};

/// A queue with c servers in real time: requests in order of arrival, c at once in service.
///
/// It is an exact discrete-event queue that real time is laid over. A service that should end at t
/// ends at t for the queue, however late we wake up and see it; the next request's service starts
/// at t, not at the moment of waking. So lateness of ours delays single answers, but neither adds
/// up nor takes capacity away: that is c / (mean service time), whatever the machine does.
///
/// Lifecycle:  a value; needs advance() at next_event(), and take_finished() after.
/// Threads:    one at a time.
/// Errors:     none; a request too many is an Admission.
class ServiceQueue {
 public:
  struct Limits {
    std::uint32_t slots = std::numeric_limits<std::uint32_t>::max();  ///< c.
    std::uint64_t queue = 0;  ///< Requests that may wait; more are refused.
  };
  enum class Admission { kInService, kQueued, kRefused };
  struct Finished {
    Instant at;  ///< When its service ended; at or before the time given to advance().
    std::uint64_t number = 0;
    Ticket ticket;
  };

  /// `service_times` is asked once for each request, when its service starts; queued() are then
  /// those that still wait behind it.
  ServiceQueue(Limits limits, std::function<Duration()> service_times);

  /// A request arrives. `number` grows from request to request; `now` never goes back.
  Admission arrive(std::uint64_t number, Ticket ticket, Instant now);
  /// Ends all services due by `now`, and starts those that they made room for.
  void advance(Instant now);
  /// The next request whose service has ended, in order of ending.
  std::optional<Finished> take_finished();
  /// When advance() has something to do; at once if there is something to take.
  std::optional<Instant> next_event() const;
  /// Takes a request out of the waiting line. One in service stays: its worker does not know that
  /// nobody waits for it any more. False when it was not waiting.
  bool withdraw(std::uint64_t number);
  /// New limits, from now on. Whoever waits keeps its place, even where the line is now shorter.
  void change(Limits limits, Instant now);

  std::size_t in_service() const { return in_service_.size(); }
  std::size_t queued() const { return queued_; }
  std::size_t finished() const { return finished_.size(); }  ///< Not yet taken.
  /// True when nothing is in service, waiting, or to be taken.
  bool is_idle() const { return in_service_.empty() && queued_ == 0 && finished_.empty(); }

 private:
  struct Waiting {
    std::uint64_t number;
    Ticket ticket;
    bool withdrawn;
  };

  void start(std::uint64_t number, Ticket ticket, Instant at);
  void start_waiting(Instant at);

  Limits limits_;
  std::function<Duration()> service_times_;
  std::vector<Finished> in_service_;  // A heap: the first to end in front.
  std::deque<Waiting> waiting_;       // In order of arrival, so of number.
  std::size_t queued_ = 0;            // Those in waiting_ that are not withdrawn.
  std::deque<Finished> finished_;
};

}  // namespace squall::generators
