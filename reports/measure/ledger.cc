#include "reports/measure/ledger.h"

#include <algorithm>

namespace squall::reports {

bool Ledger::Taken::take(std::uint64_t sequence) {
  if (sequence <= all_up_to || !beyond.insert(sequence).second) return false;
  while (beyond.erase(all_up_to + 1) != 0) ++all_up_to;
  return true;
}

bool Ledger::add(const std::string& agent, const Snapshot& snapshot) {
  if (!taken_[agent].take(snapshot.sequence)) return false;
  for (const LoadSecond& part : snapshot.cells) {
    if (part.cell.empty()) continue;
    StoredCell& stored = loads_[part.load][part.second];
    stored.counts.add(part.cell);
    for (std::size_t i = 0; i < kMetrics; ++i) stored.latency.at(i).add(part.cell.latency.at(i));
    stored.ok_response.add(part.cell.ok_response);
    store(part.cell.requests, stored.requests);
    store(part.cell.addresses, stored.addresses);
  }
  health_[agent][snapshot.second].worsen(snapshot.health);
  return true;
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
  return add_up(seconds->lower_bound(from), seconds->lower_bound(to));
}

SecondCell Ledger::total(const std::string& load) const {
  const Seconds* const seconds = find(load);
  if (seconds == nullptr) return {};
  return add_up(seconds->begin(), seconds->end());
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
