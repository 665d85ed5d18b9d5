#pragma once

#include <cstdint>
#include <string>

#include "harness/base/units.h"
#include "reports/measure/ledger.h"

namespace squall::reports {

/// How starved the generator was: seconds in which one of its shards was busy all the time, or was
/// ready to run and not let.
struct Starvation {
  std::uint64_t busy = 0;         ///< Seconds of the first kind,
  double cpu = 0;                 ///< and the greatest share of a core in them.
  std::uint64_t descheduled = 0;  ///< Seconds of the second kind,
  Duration longest{};             ///< and the longest of it in one of them.
  bool throttled = false;         ///< A CPU quota held the process back in one of them.

  /// Looks at a second of any agent, and at the next: a shard that is late is also late to say so.
  void look_at(const Ledger& ledger, std::int64_t second);

  /// "a shard used 97 % of a core in 3"; empty when none was busy.
  std::string busy_in_words() const;
  /// "a shard was ready to run and not let for up to 812 ms in 9: a CPU quota held it back".
  std::string descheduled_in_words() const;
};

}  // namespace squall::reports
