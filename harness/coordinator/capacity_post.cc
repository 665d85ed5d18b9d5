#include "harness/coordinator/capacity_post.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "reports/judge/words.h"

namespace squall::coordinator {
namespace {

using namespace std::chrono_literals;
using State = reports::FaultRecord::State;

/// So long an order takes to reach all agents at most.
constexpr Duration kOnItsWay = 300ms;

}  // namespace

Duration soon(Duration elapsed) {
  return std::chrono::ceil<std::chrono::seconds>(elapsed + kOnItsWay);
}

CapacityPost::CapacityPost(const scenarios::Scenario& scenario, const CapacitySeconds& seconds,
                           Duration begin, std::vector<std::string> labels)
    : capacity_(*scenario.capacity),
      seconds_(seconds),
      begin_(begin),
      labels_(std::move(labels)),
      search_(options_of(scenario)),
      next_second_(std::chrono::floor<std::chrono::seconds>(begin).count()) {}

bool CapacityPost::faults_are_in_force(const reports::RunRecord& record) {
  bool all = true;
  for (const reports::FaultRecord& fault : record.faults) {
    if (std::find(labels_.begin(), labels_.end(), fault.label) == labels_.end()) continue;
    if (fault.state == State::kInForce || fault.state == State::kDone) continue;
    all = false;
    if (fault.state == State::kPlanned) continue;
    const bool was_in_force = fault.state == State::kUndone;
    search_.cut(fmt::format("fault {} {}", fault.label,
                            was_in_force ? "ended, which has to last for the whole search"
                                         : "could not be put in force"));
  }
  return all;
}

std::uint64_t CapacityPost::step_in(std::int64_t second) const {
  std::uint64_t step = std::numeric_limits<std::uint64_t>::max();  // None of the search's.
  for (const Change& change : changes_) {
    if (change.second <= second) step = change.step;
  }
  return step;
}

std::optional<PaceOrder> CapacityPost::look(const reports::RunRecord& record, Duration elapsed) {
  if (is_done() || elapsed < Duration::zero()) return std::nullopt;
  const bool in_force = faults_are_in_force(record);
  const Duration last = begin_ + capacity_.deadline - std::chrono::seconds(seconds_.lag() + 1);
  if (elapsed > last) {
    search_.cut(fmt::format("its deadline of {} had come", reports::as_chosen(capacity_.deadline)));
  }
  if (is_done()) return std::nullopt;
  has_begun_ = has_begun_ || (in_force && elapsed > begin_ + 1s);
  if (!has_begun_) return std::nullopt;
  const std::int64_t known = seconds_.last_known(record);
  while (next_second_ <= known && !is_done()) {
    search_.take(seconds_.read(record, next_second_, step_in(next_second_)));
    ++next_second_;
  }
  if (is_done() || (!changes_.empty() && changes_.back().step == search_.step())) {
    return std::nullopt;
  }
  const Duration at = soon(elapsed);
  changes_.push_back(
      {std::chrono::duration_cast<std::chrono::seconds>(at).count(), search_.step()});
  return PaceOrder{at, search_.rate()};
}

reports::CapacityRecord CapacityPost::record(const std::vector<std::string>& faults) const {
  reports::CapacityRecord record = search_.record();
  record.load = capacity_.search;
  record.faults = faults;
  return record;
}

std::string CapacityPost::doing() const {
  if (!has_begun_) return labels_.empty() ? "about to begin" : "waiting for its faults";
  return fmt::format("{} {}", search_.is_recovering() ? "recovering at" : "probing",
                     reports::rate_in_words(search_.rate()));
}

}  // namespace squall::coordinator
