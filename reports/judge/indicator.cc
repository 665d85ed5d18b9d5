#include "reports/judge/indicator.h"

#include <algorithm>
#include <cmath>

namespace squall::reports {
namespace {

using scenarios::GoodSpec;
using scenarios::ObjectiveSpec;

bool is_good(const GoodSpec& good, int status) {
  switch (good.compare) {
    case GoodSpec::Compare::kLess:
      return status < good.status;
    case GoodSpec::Compare::kLessOrEqual:
      return status <= good.status;
    case GoodSpec::Compare::kEqual:
      return status == good.status;
    case GoodSpec::Compare::kNotEqual:
      return status != good.status;
    case GoodSpec::Compare::kGreaterOrEqual:
      return status >= good.status;
    case GoodSpec::Compare::kGreater:
      return status > good.status;
  }
  return false;
}

std::uint64_t with_good_status(const GoodSpec& good, const std::map<int, std::uint64_t>& status) {
  std::uint64_t count = 0;
  for (const auto& [code, times] : status) {
    if (is_good(good, code)) count += times;
  }
  return count;
}

std::uint64_t count_good(const ObjectiveSpec& objective, const Histogram& response,
                         const Histogram& ok_response, const std::map<int, std::uint64_t>& status) {
  if (objective.within) return ok_response.count_at_or_below(*objective.within);
  if (objective.limit) return response.count_at_or_below(objective.limit->limit);
  if (objective.windows) return response.count_at_or_below(objective.windows->limit.limit);
  return objective.good ? with_good_status(*objective.good, status) : 0;
}

const GroupCell* group_of(const ObjectiveSpec& objective, const SecondCell& cell) {
  const auto found = cell.requests.find(*objective.request);
  return found == cell.requests.end() ? nullptr : &found->second;
}

Tally tally(std::uint64_t samples, std::uint64_t good) {
  return {.samples = samples, .bad = samples - std::min(samples, good)};
}

}  // namespace

Indicator::Indicator(const ObjectiveSpec& objective, const scenarios::Scenario& scenario)
    : objective_(&objective), is_of_group_(objective.request.has_value()) {
  const auto* const load = scenario.find_load(objective.load);
  if (load != nullptr && load->requests.size() == 1) is_of_group_ = false;
}

std::uint64_t Indicator::good(const SecondCell& cell) const {
  return count_good(*objective_, cell.of(Metric::kResponse), cell.ok_response, cell.status_by_due);
}

Tally Indicator::all_due(const SecondCell& cell) const {
  return is_of_group_ ? settled(cell) : tally(cell.due, good(cell));
}

Tally Indicator::settled(const SecondCell& cell) const {
  if (!is_of_group_) {
    return tally(cell.ok_by_due + cell.errors_by_due + cell.unsent + cell.shed, good(cell));
  }
  const GroupCell* const group = group_of(*objective_, cell);
  if (group == nullptr) return {};
  std::uint64_t ended = group->ok;
  for (const std::uint64_t errors : group->errors) ended += errors;
  return tally(ended, count_good(*objective_, group->response, group->ok_response, group->status));
}

bool is_bad_window(const Tally& tally, const scenarios::LimitSpec& limit) {
  // To a millionth of a request, so that 99 % of 100 lets one be, whatever binary fractions say.
  const double allowed =
      std::round((1 - limit.share()) * static_cast<double>(tally.samples) * 1e6) / 1e6;
  return static_cast<double>(tally.bad) > allowed;
}

void ErrorSeries::reach(std::int64_t second) {
  const auto size = static_cast<std::size_t>(std::max<std::int64_t>(second - from + 1, 0));
  if (samples.size() >= size) return;
  samples.resize(size);
  bad.resize(size);
}

}  // namespace squall::reports
