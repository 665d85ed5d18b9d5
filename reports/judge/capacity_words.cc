#include "reports/judge/capacity_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reports/judge/words.h"

namespace squall::reports {
namespace {

std::string behaviour_in_words(const CapacityRecord& capacity) {
  using Past = CapacityRecord::Past;
  if (capacity.past == Past::kUnknown || !capacity.kept) return {};
  const char* how = capacity.past == Past::kGraceful   ? "it degrades gracefully"
                    : capacity.past == Past::kDegrades ? "it loses throughput"
                                                       : "it collapses";
  return fmt::format("; beyond that {}: it still answers {} of the most that it answered", how,
                     percent(*capacity.kept, 0));
}

std::string best_so_far(const CapacityRecord& capacity) {
  if (!capacity.good) return "no rate was found good";
  return fmt::format("{} was good{}", rate_in_words(*capacity.good),
                     capacity.is_verified ? "" : ", not verified");
}

}  // namespace

std::string capacity_in_words(const CapacityRecord& capacity) {
  using End = CapacityRecord::End;
  const std::string with =
      capacity.faults.empty() ? "" : fmt::format(" with {}", fmt::join(capacity.faults, ", "));
  const std::string sure = percent(capacity.confidence) + " confidence";
  switch (capacity.end) {
    case End::kFound:
      return fmt::format("{}: the target holds {}{} ({}, {}; held for {} s){}", capacity.load,
                         rate_in_words(*capacity.good), with,
                         capacity.bad ? "lowest refuted " + rate_in_words(*capacity.bad)
                                      : "what is above was too close to tell",
                         sure, capacity.hold, behaviour_in_words(capacity));
    case End::kAllHold:
      return fmt::format(
          "{}: the target holds {}{}, the highest rate that was to be tried ({}; held for {} s)",
          capacity.load, rate_in_words(capacity.good.value_or(capacity.high)), with, sure,
          capacity.hold);
    case End::kNoneHolds:
      if (!capacity.bad) {
        return fmt::format(
            "{}: no rate was shown to hold{}: {}, the lowest, was too close to tell ({})",
            capacity.load, with, rate_in_words(capacity.low), sure);
      }
      return fmt::format("{}: the target does not hold even {}{}, the lowest rate ({})",
                         capacity.load, rate_in_words(capacity.low), with, sure);
    case End::kGenerator:
      if (capacity.lacks_streams) {
        return fmt::format(
            "{}: at {}{} requests waited for a stream while the target answered as fast as before, "
            "so this is no capacity of the target but of the load's connections and streams; {}",
            capacity.load, rate_in_words(capacity.generator.value_or(Rate{})), with,
            best_so_far(capacity));
      }
      return fmt::format(
          "{}: the generator is the limit at {}{}, so this is no capacity of the target; {}",
          capacity.load, rate_in_words(capacity.generator.value_or(Rate{})), with,
          best_so_far(capacity));
    case End::kCut:
      break;
  }
  return fmt::format("{}: the search{} ended without an answer: {}; {}", capacity.load, with,
                     capacity.why_cut, best_so_far(capacity));
}

}  // namespace squall::reports
