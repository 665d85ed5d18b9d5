#include "reports/judge/starvation.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "reports/judge/trust.h"
#include "reports/judge/words.h"

namespace squall::reports {

void Starvation::look_at(const Ledger& ledger, std::int64_t second) {
  Health worst;
  for (const auto& [agent, seconds] : ledger.health()) {
    for (auto at = seconds.lower_bound(second); at != seconds.end() && at->first <= second + 1;
         ++at) {
      worst.worsen(at->second);
    }
  }
  if (worst.cpu >= trust::kBusy) {
    ++busy;
    cpu = std::max(cpu, worst.cpu);
  }
  if (const Duration waited = worst.descheduled_max.value_or(worst.throttled.value_or(Duration{}));
      waited >= trust::kDescheduled) {
    ++descheduled;
    longest = std::max(longest, waited);
    throttled = throttled || worst.throttled.value_or(Duration{}) >= trust::kDescheduled;
  }
}

std::string Starvation::busy_in_words() const {
  if (busy == 0) return {};
  return fmt::format("a shard used {} of a core in {}", percent(std::min(cpu, 1.0), 0),
                     thousands(busy));
}

std::string Starvation::descheduled_in_words() const {
  if (descheduled == 0) return {};
  return fmt::format("a shard was ready to run and not let for up to {} in {}: {}",
                     in_three_digits(std::min<Duration>(longest, std::chrono::seconds(1))),
                     thousands(descheduled),
                     throttled ? "a CPU quota held it back" : "others had its core");
}

}  // namespace squall::reports
