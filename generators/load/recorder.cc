#include "generators/load/recorder.h"

#include <algorithm>
#include <utility>

namespace squall::generators {

using reports::ErrorClass;
using reports::Metric;
using reports::SecondCell;

namespace {
constexpr Duration kSecond = std::chrono::seconds(1);
}  // namespace

SecondCell& Recorder::cell(Instant when) {
  if (recent_.cell != nullptr && when >= recent_.begin && when < recent_.begin + kSecond) {
    return *recent_.cell;
  }
  std::swap(recent_, before_);
  if (recent_.cell != nullptr && when >= recent_.begin && when < recent_.begin + kSecond) {
    return *recent_.cell;
  }
  const std::int64_t second = when < start_ ? 0 : (when - start_) / kSecond;
  recent_ = {start_ + second * kSecond, &find(second)};
  return *recent_.cell;
}

SecondCell& Recorder::find(std::int64_t second) {
  const auto found = std::find_if(open_.begin(), open_.end(),
                                  [second](const Second& open) { return open.second == second; });
  if (found != open_.end()) return *found->cell;
  std::unique_ptr<SecondCell> fresh;
  if (spare_.empty()) {
    fresh = std::make_unique<SecondCell>();
  } else {
    fresh = std::move(spare_.back());
    spare_.pop_back();
  }
  open_.push_back({second, std::move(fresh)});
  return *open_.back().cell;
}

void Recorder::late(Instant due, Duration lateness) {
  lateness = std::max(lateness, Duration::zero());
  cell(due).of(Metric::kLateness).record(lateness);
  longest_lateness_ = std::max(longest_lateness_, lateness);
}

void Recorder::ended(const InFlight& request, ErrorClass error, int status, Instant now) {
  SecondCell& at_end = cell(now);
  ++at_end.completed;
  if (status != 0) ++at_end.status[status];
  if (error == ErrorClass::kNone) {
    ++at_end.ok;
  } else {
    ++at_end.errors.at(static_cast<std::size_t>(error));
  }
  const Duration response = now - request.job.due;
  SecondCell& at_due = cell(request.job.due);
  if (status != 0) ++at_due.status_by_due[status];
  at_due.of(Metric::kResponse).record(response);
  at_due.of(Metric::kService).record(now - request.sent);
  if (request.first_byte != Instant{}) {
    at_due.of(Metric::kTtfb).record(request.first_byte - request.sent);
  }
  if (error == ErrorClass::kNone) {
    ++at_due.ok_by_due;
    at_due.ok_response.record(response);
  } else {
    ++at_due.errors_by_due;
  }
}

void Recorder::failed_unconnected(Instant due, ErrorClass error, Instant now) {
  SecondCell& at_end = cell(now);
  ++at_end.sent;
  ++at_end.completed;
  ++at_end.errors.at(static_cast<std::size_t>(error));
  SecondCell& at_due = cell(due);
  ++at_due.errors_by_due;
  at_due.of(Metric::kResponse).record(now - due);
}

void Recorder::bytes(Instant now, std::uint64_t received, std::uint64_t sent) {
  SecondCell& at = cell(now);
  at.bytes_received += received;
  at.bytes_sent += sent;
}

void Recorder::measured(Instant now, Metric metric, Duration value) {
  cell(now).of(metric).record(value);
}

Duration Recorder::take_longest_lateness() {
  return std::exchange(longest_lateness_, Duration::zero());
}

void Recorder::hand_over() {
  recent_ = {};
  before_ = {};
  const std::lock_guard lock(mutex_);
  for (Second& second : open_) handed_over_.push_back(std::move(second));
  open_.clear();
  for (auto& cell : emptied_) spare_.push_back(std::move(cell));
  emptied_.clear();
}

void Recorder::collect(const std::string& load, std::vector<reports::LoadSecond>& cells) {
  std::vector<Second> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(handed_over_);
  }
  for (Second& second : taken) {
    auto known = std::find_if(cells.begin(), cells.end(), [&](const reports::LoadSecond& entry) {
      return entry.load == load && entry.second == second.second;
    });
    if (known == cells.end()) {
      cells.push_back({load, second.second, {}});
      known = std::prev(cells.end());
    }
    known->cell.merge(*second.cell);
    second.cell->clear();
  }
  const std::lock_guard lock(mutex_);
  for (Second& second : taken) emptied_.push_back(std::move(second.cell));
}

}  // namespace squall::generators
