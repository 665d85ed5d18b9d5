#include "reports/measure/ledger.h"

#include <algorithm>

namespace squall::reports {
namespace {

/// Added to so often, a second is worth keeping warm: one of a few agents is not.
constexpr std::uint64_t kOften = 8;
/// Agents tell of a second within the next; what ends later comes from fewer of them.
constexpr std::int64_t kNewSeconds = 2;

}  // namespace

bool Ledger::Taken::take(std::uint64_t sequence) {
  if (sequence <= all_up_to || !beyond.insert(sequence).second) return false;
  while (beyond.erase(all_up_to + 1) != 0) ++all_up_to;
  return true;
}

bool Ledger::add(const std::string& agent, const Snapshot& snapshot) {
  if (!taken_[agent].take(snapshot.sequence)) return false;
  cool(snapshot.second);
  for (const LoadSecond& part : snapshot.cells) {
    if (part.cell.empty()) continue;
    StoredCell& stored = loads_[part.load][part.second];
    if (++stored.times_added > kOften && is_new(part.second)) {
      warm_[part.load][part.second].merge(part.cell);
    } else {
      stored.add(part.cell);
    }
  }
  health_[agent][snapshot.second].worsen(snapshot.health);
  return true;
}

bool Ledger::is_new(std::int64_t second) const {
  return second <= newest_ && second > newest_ - kNewSeconds;
}

void Ledger::cool(std::int64_t told) {
  if (told <= newest_) return;
  newest_ = told;
  for (auto& [load, seconds] : warm_) {
    while (!seconds.empty() && !is_new(seconds.begin()->first)) {
      loads_[load][seconds.begin()->first].add(seconds.begin()->second);
      seconds.erase(seconds.begin());
    }
  }
}

void Ledger::StoredCell::add(const SecondCell& cell) {
  counts.add(cell);
  for (std::size_t i = 0; i < kMetrics; ++i) latency.at(i).add(cell.latency.at(i));
  ok_response.add(cell.ok_response);
  Ledger::store(cell.requests, requests);
  Ledger::store(cell.addresses, addresses);
}

std::vector<std::string> Ledger::loads() const {
  std::vector<std::string> names;
  names.reserve(loads_.size());
  for (const auto& [name, seconds] : loads_) names.push_back(name);
  return names;
}

std::int64_t Ledger::first_second(const std::string& load) const {
  const Seconds* const seconds = find(load);
  return seconds == nullptr ? 0 : seconds->begin()->first;
}

std::int64_t Ledger::end_second(const std::string& load) const {
  const Seconds* const seconds = find(load);
  return seconds == nullptr ? 0 : seconds->rbegin()->first + 1;
}

SecondCell Ledger::sum(const std::string& load, std::int64_t from, std::int64_t to) const {
  const Seconds* const seconds = find(load);
  if (seconds == nullptr || from >= to) return {};
  SecondCell sum = add_up(seconds->lower_bound(from), seconds->lower_bound(to));
  if (const auto warm = warm_.find(load); warm != warm_.end()) {
    const auto end = warm->second.lower_bound(to);
    for (auto one = warm->second.lower_bound(from); one != end; ++one) sum.merge(one->second);
  }
  return sum;
}

SecondCell Ledger::total(const std::string& load) const {
  return sum(load, first_second(load), end_second(load));
}

void Ledger::store(const GroupCells& groups, StoredGroups& stored) {
  for (const auto& [name, group] : groups) {
    StoredGroup& at_rest = stored[name];
    at_rest.counts.add(group);
    at_rest.response.add(group.response);
    at_rest.ok_response.add(group.ok_response);
  }
}

void Ledger::add_up(const StoredGroups& stored, GroupCells& sum) {
  for (const auto& [name, group] : stored) {
    GroupCell& cell = sum[name];
    cell.add(group.counts);
    group.response.add_to(cell.response);
    group.ok_response.add_to(cell.ok_response);
  }
}

const Ledger::Seconds* Ledger::find(const std::string& load) const {
  const auto found = loads_.find(load);
  return found == loads_.end() ? nullptr : &found->second;
}

SecondCell Ledger::add_up(Seconds::const_iterator from, Seconds::const_iterator to) {
  SecondCell sum;
  for (; from != to; ++from) {
    const StoredCell& stored = from->second;
    sum.add(stored.counts);
    for (std::size_t i = 0; i < kMetrics; ++i) stored.latency.at(i).add_to(sum.latency.at(i));
    stored.ok_response.add_to(sum.ok_response);
    add_up(stored.requests, sum.requests);
    add_up(stored.addresses, sum.addresses);
  }
  return sum;
}

}  // namespace squall::reports
