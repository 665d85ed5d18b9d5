#include "reports/judge/steady_state.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "reports/judge/objectives.h"

namespace squall::reports {
namespace {

double share_of(const SecondPoint& point) {
  return static_cast<double>(point.not_ok) / static_cast<double>(point.due);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

struct Spread {
  double median = 0;
  double mad = 0;

  /// What still counts as the same when at least `floor` more does.
  double limit(double floor) const {
    return median + std::max(steady::kDeviations * steady::kDeviationPerMad * mad, floor);
  }
};

Spread spread_of(const std::vector<double>& values) {
  Spread spread;
  spread.median = median(values);
  std::vector<double> deviations;
  deviations.reserve(values.size());
  for (const double value : values) deviations.push_back(std::abs(value - spread.median));
  spread.mad = median(std::move(deviations));
  return spread;
}

}  // namespace

const SecondPoint* point_at(const LoadResult& load, std::int64_t second) {
  if (load.series.empty() || second < load.series.front().second) return nullptr;
  const auto at = static_cast<std::size_t>(second - load.series.front().second);
  return at < load.series.size() ? &load.series[at] : nullptr;
}

std::optional<SteadyState> learn_steady_state(const LoadResult& load, std::int64_t end) {
  std::vector<double> shares;
  std::vector<double> latencies;
  const std::int64_t to = std::min(end, second_of(load.whole.to));
  for (std::int64_t second = second_from(load.whole.from); second < to; ++second) {
    const SecondPoint* const point = point_at(load, second);
    if (point == nullptr || point->due == 0) continue;
    shares.push_back(share_of(*point));
    latencies.push_back(to_seconds(point->p99));
  }
  const auto seconds = static_cast<std::int64_t>(shares.size());
  if (seconds < steady::kLeastSeconds) return std::nullopt;
  const Spread share = spread_of(shares);
  const Spread p99 = spread_of(latencies);
  SteadyState state;
  state.load = load.name;
  state.seconds = seconds;
  state.error_share = share.median;
  state.error_share_mad = share.mad;
  state.error_share_limit = share.limit(steady::kErrorShareFloor);
  state.p99 = from_seconds(p99.median);
  state.p99_mad = from_seconds(p99.mad);
  state.p99_limit = from_seconds(
      p99.limit(std::max(steady::kP99ShareFloor * p99.median, to_seconds(steady::kP99Floor))));
  return state;
}

std::optional<SteadyState> steady_state_of(const LoadResult& load, std::int64_t end,
                                           const std::vector<scenarios::SteadySpec>& stated) {
  auto state = learn_steady_state(load, end);
  const auto spec = std::find_if(stated.begin(), stated.end(),
                                 [&](const auto& s) { return s.load == load.name; });
  if (spec == stated.end()) return state;
  if (!state && !spec->error_share && !spec->p99) return std::nullopt;
  if (!state) {
    state.emplace();
    state->load = load.name;
    state->error_share_limit = 1;
    state->p99_limit = Duration::max();
  }
  if (spec->error_share) {
    state->is_error_share_stated = true;
    state->error_share_limit = spec->error_share->value;
  }
  if (spec->p99) {
    state->is_p99_stated = true;
    state->p99_limit = *spec->p99;
  }
  if (spec->hold) state->hold = second_from(*spec->hold);
  return state;
}

SteadySeconds::SteadySeconds(const std::vector<LoadResult>& loads,
                             const std::vector<SteadyState>& states) {
  for (const SteadyState& state : states) {
    const auto load = std::find_if(loads.begin(), loads.end(),
                                   [&](const LoadResult& one) { return one.name == state.load; });
    if (load == loads.end()) continue;
    watched_.push_back({&*load, &state, second_from(load->whole.from), second_of(load->whole.to)});
    end_ = std::max(end_, watched_.back().to);
    hold_ = std::max(hold_, state.hold);
  }
}

bool SteadySeconds::is_steady(std::int64_t second) const {
  bool is_offered = false;
  for (const Watched& one : watched_) {
    if (second < one.from || second >= one.to) continue;
    is_offered = true;
    const SecondPoint* const point = point_at(*one.load, second);
    if (point == nullptr || point->due == 0) continue;
    const bool has_few_errors = share_of(*point) <= one.state->error_share_limit;
    if (!has_few_errors || point->p99 > one.state->p99_limit) return false;
  }
  return is_offered;
}

Duration SteadySeconds::known_unsteady(std::int64_t second) const {
  const Duration over = std::chrono::seconds(second + 1);
  Duration known = Duration::max();
  for (const Watched& one : watched_) {
    const SecondPoint* const point = point_at(*one.load, second);
    if (second < one.from || second >= one.to || point == nullptr || point->due == 0) continue;
    if (point->p99 > one.state->p99_limit) known = std::min(known, over + one.state->p99_limit);
    if (share_of(*point) > one.state->error_share_limit) {
      known = std::min(known, over + point->max);
    }
  }
  return known == Duration::max() ? over : known;
}

Duration SteadySeconds::ended_by(std::int64_t second) const {
  const Duration over = std::chrono::seconds(second + 1);
  Duration ended = over;
  for (const Watched& one : watched_) {
    const SecondPoint* const point = point_at(*one.load, second);
    if (point != nullptr && point->due > 0) ended = std::max(ended, over + point->max);
  }
  return ended;
}

std::optional<std::int64_t> SteadySeconds::first_unsteady(std::int64_t from,
                                                          std::int64_t to) const {
  for (std::int64_t second = from; second < std::min(to, end_); ++second) {
    if (!is_steady(second)) return second;
  }
  return std::nullopt;
}

std::optional<std::int64_t> SteadySeconds::steady_again(std::int64_t from, std::int64_t to) const {
  std::int64_t held = 0;
  for (std::int64_t second = from; second < std::min(to, end_); ++second) {
    held = is_steady(second) ? held + 1 : 0;
    if (held == hold_) return second + 1 - held;
  }
  return std::nullopt;
}

}  // namespace squall::reports
