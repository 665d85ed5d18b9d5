#include "reports/judge/indicator.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

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

/// A bucket of a histogram: the longest that lies in it.
struct Took {
  Duration longest{};
  std::uint64_t times = 0;
};

/// The buckets of `all` without what `part` has of them, the slowest first.
std::vector<Took> slowest_first(const Histogram& all, const Histogram& part) {
  std::map<Duration, std::uint64_t> taken;
  part.for_each([&](Duration, Duration highest, std::uint64_t times) { taken[highest] = times; });
  std::vector<Took> found;
  all.for_each([&](Duration, Duration highest, std::uint64_t times) {
    const auto other = taken.find(highest);
    const std::uint64_t less = other == taken.end() ? 0 : std::min(other->second, times);
    if (times > less) found.push_back({highest, times - less});
  });
  std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace

Indicator::Indicator(const ObjectiveSpec& objective, const scenarios::Scenario& scenario)
    : objective_(&objective), is_of_group_(objective.request.has_value()) {
  const auto* const load = scenario.find_load(objective.load);
  if (load != nullptr && load->requests.size() == 1) is_of_group_ = false;
  const auto* const target = load != nullptr ? scenario.find_target(load->target) : nullptr;
  if (target != nullptr) deadline_ = target->deadline;
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

std::optional<Duration> Indicator::limit() const {
  if (objective_->within) return objective_->within;
  if (objective_->limit) return objective_->limit->limit;
  if (objective_->windows) return objective_->windows->limit.limit;
  return std::nullopt;
}

Indicator::KnownAfter Indicator::known_after(const SecondCell& cell) const {
  KnownAfter known;
  const Tally all = all_due(cell);
  std::uint64_t left = all.bad;
  const auto put = [&](Duration after, std::uint64_t times) {
    const std::uint64_t counted = std::min(times, left);
    if (counted > 0) known.ended[after] += counted;
    left -= counted;
  };
  const auto most = limit();
  const bool is_any_error_bad = !objective_->limit && !objective_->windows;
  const GroupCell* const group = is_of_group_ ? group_of(*objective_, cell) : nullptr;
  const Histogram& response = group != nullptr ? group->response : cell.of(Metric::kResponse);
  const Histogram& ok = group != nullptr ? group->ok_response : cell.ok_response;
  if (most) {
    for (const Took& took : slowest_first(response, ok)) {
      if (is_any_error_bad && took.longest < *most) put(took.longest, took.times);
    }
    put(*most, left);
    return known;
  }
  // What never ended is bad in any case.
  const std::uint64_t never = all.samples - std::min(all.samples, response.count());
  const std::uint64_t shed = is_of_group_ || !deadline_ ? 0 : std::min(cell.shed, never);
  if (shed > 0) put(*deadline_, shed);
  known.at_the_end = std::min(never - shed, left);
  left -= known.at_the_end;
  for (const Took& took : slowest_first(response, ok)) put(took.longest, took.times);
  for (const Took& took : slowest_first(ok, {})) put(took.longest, took.times);
  known.at_the_end += left;
  return known;
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

void ErrorSeries::became_known(Duration since, Duration length, double count) {
  if (count <= 0) return;
  const double per_second = count / to_seconds(length);
  known[since] += per_second;
  known[since + length] -= per_second;
}

}  // namespace squall::reports
