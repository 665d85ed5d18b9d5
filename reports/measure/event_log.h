#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/units.h"
#include "reports/measure/event.h"

namespace squall::reports {

/// Collects events as they happen, and dates them from a start that may be known only later.
///
/// Lifecycle:  put() at any time; date_from() once; take() gives what is dated.
/// Threads:    one owner at a time.
/// Errors:     none.
class EventLog {
 public:
  void put(Instant when, std::string kind, std::string subject, std::string detail);

  /// From now on offsets count from `start`; what was put before gets its offset now.
  void date_from(Instant start);
  /// Dates from `now` where there was no start: all that happened was before it.
  void close(Instant now) {
    if (!start_) date_from(now);
  }

  const std::optional<Instant>& start() const { return start_; }

  /// What has been dated since the last call, in the order in which it was put.
  std::vector<Event> take() { return std::exchange(dated_, {}); }

 private:
  std::optional<Instant> start_;
  std::vector<std::pair<Instant, Event>> undated_;
  std::vector<Event> dated_;
};

}  // namespace squall::reports
