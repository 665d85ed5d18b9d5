#include "generators/load/recorder.h"

#include <algorithm>
#include <utility>

namespace squall::generators {

using reports::ErrorClass;
using reports::Metric;
using reports::SecondCell;

namespace {
constexpr Duration kSecond = std::chrono::seconds(1);

#ifdef SQUALL_UNRECORDED  // Only in tests/bench, which measures what recording costs.
constexpr bool kRecords = false;
#else
constexpr bool kRecords = true;
#endif

void record(reports::Histogram& histogram, Duration value) {
  if (kRecords) histogram.record(value);
}
}  // namespace

void Recorder::name_requests(std::vector<std::string> names) {
  if (names.size() > 1) requests_ = std::move(names);
}

std::uint32_t Recorder::address(std::string_view name) {
  const std::lock_guard lock(mutex_);
  auto known = std::find(addresses_.begin(), addresses_.end(), name);
  if (known == addresses_.end()) known = addresses_.emplace(known, name);
  return static_cast<std::uint32_t>(known - addresses_.begin());
}

TalliedSecond& Recorder::cell(Instant when) {
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

TalliedSecond& Recorder::find(std::int64_t second) {
  const auto found = std::find_if(open_.begin(), open_.end(),
                                  [second](const Second& open) { return open.second == second; });
  if (found != open_.end()) return *found->cell;
  std::unique_ptr<TalliedSecond> fresh;
  if (spare_.empty()) {
    fresh = std::make_unique<TalliedSecond>();
  } else {
    fresh = std::move(spare_.back());
    spare_.pop_back();
  }
  open_.push_back({second, std::move(fresh)});
  return *open_.back().cell;
}

void Recorder::late(Instant due, Duration lateness) {
  lateness = std::max(lateness, Duration::zero());
  record(cell(due).of(Metric::kLateness), lateness);
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
  TalliedSecond& at_due = cell(request.job.due);
  if (status != 0) ++at_due.status_by_due[status];
  if (kRecords && !requests_.empty()) {
    at_due.by_request.at(request.index).ended(error, status, response);
  }
  if (kRecords && request.address != 0)
    at_due.by_address.at(request.address).ended(error, status, response);
  record(at_due.of(Metric::kResponse), response);
  record(at_due.of(Metric::kService), now - request.sent);
  if (request.first_byte != Instant{}) {
    record(at_due.of(Metric::kTtfb), request.first_byte - request.sent);
  }
  if (error == ErrorClass::kNone) {
    ++at_due.ok_by_due;
    record(at_due.ok_response, response);
  } else {
    ++at_due.errors_by_due;
  }
}

void Recorder::failed_unconnected(Instant due, ErrorClass error, Instant now,
                                  std::uint32_t request) {
  SecondCell& at_end = cell(now);
  ++at_end.sent;
  ++at_end.completed;
  ++at_end.errors.at(static_cast<std::size_t>(error));
  TalliedSecond& at_due = cell(due);
  if (!requests_.empty()) at_due.by_request.at(request).ended(error, 0, now - due);
  ++at_due.errors_by_due;
  record(at_due.of(Metric::kResponse), now - due);
}

void Recorder::bytes(Instant now, std::uint64_t received, std::uint64_t sent) {
  SecondCell& at = cell(now);
  at.bytes_received += received;
  at.bytes_sent += sent;
}

void Recorder::datagrams(Instant now, std::uint64_t received, std::uint64_t dropped) {
  reports::SecondCounts& at = cell(now);
  at.datagrams_received += received;
  at.datagrams_dropped += dropped;
}

void Recorder::connection_opened(Instant now, std::uint32_t address) {
  TalliedSecond& at = cell(now);
  ++at.connections_opened;
  if (address != 0) at.by_address.at(address).connection_opened();
}

void Recorder::connection_failed(Instant now, std::uint32_t address) {
  TalliedSecond& at = cell(now);
  ++at.connections_failed;
  if (address != 0) at.by_address.at(address).connection_failed();
}

void Recorder::connection_lost(Instant now, std::uint32_t address) {
  TalliedSecond& at = cell(now);
  ++at.connections_lost;
  if (address != 0) at.by_address.at(address).connection_lost();
}

void Recorder::measured(Instant now, Metric metric, Duration value) {
  record(cell(now).of(metric), value);
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
  std::vector<std::string> addresses;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(handed_over_);
    addresses = addresses_;
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
    second.cell->by_request.add_to(requests_, known->cell.requests);
    second.cell->by_address.add_to(addresses, known->cell.addresses);
    second.cell->clear();
    second.cell->by_request.clear();
    second.cell->by_address.clear();
  }
  const std::lock_guard lock(mutex_);
  for (Second& second : taken) emptied_.push_back(std::move(second.cell));
}

}  // namespace squall::generators
