#include "generators/load/group_tally.h"

#include <algorithm>

namespace squall::generators {

void GroupTally::ended(reports::ErrorClass error, int status, Duration response) {
  if (error == reports::ErrorClass::kNone) {
    ++counts_.ok;
    ok_.record(response);
  } else {
    ++counts_.errors.at(static_cast<std::size_t>(error));
    not_ok_.record(response);
  }
  if (status == 0) return;
  const auto known = std::find_if(statuses_.begin(), statuses_.end(),
                                  [status](const auto& entry) { return entry.first == status; });
  if (known != statuses_.end()) {
    ++known->second;
  } else {
    statuses_.emplace_back(status, 1);
  }
}

void GroupTally::add_to(reports::GroupCell& cell) const {
  cell.add(counts_);
  for (const auto& [status, times] : statuses_) cell.status[status] += times;
  cell.response.merge(ok_);
  cell.response.merge(not_ok_);
  cell.ok_response.merge(ok_);
}

void GroupTally::clear() {
  counts_ = {};
  statuses_.clear();
  ok_.clear();
  not_ok_.clear();
}

void GroupTallies::add_to(const std::vector<std::string>& names, reports::GroupCells& cells) const {
  const std::size_t named = std::min(tallies_.size(), names.size());
  for (std::size_t i = 0; i < named; ++i) {
    if (!tallies_[i].empty()) tallies_[i].add_to(cells[names[i]]);
  }
}

void GroupTallies::clear() {
  for (GroupTally& tally : tallies_) tally.clear();
}

}  // namespace squall::generators
