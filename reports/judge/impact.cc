#include "reports/judge/impact.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "reports/judge/impact_words.h"
#include "reports/judge/objectives.h"
#include "reports/judge/steady_state.h"
#include "reports/judge/words.h"

namespace squall::reports {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kDepthSeconds = 10;

/// One application that was in force.
struct Application {
  FaultResult* fault;
  Duration from{};
  Duration to{};
  Seconds in_force;
};

std::vector<Application> applications(const RunRecord& record, RunResult& result) {
  std::vector<Application> found;
  for (FaultResult& fault : result.faults) {
    const auto times = actual_times(fault.record, record);
    if (!times) continue;
    found.push_back({&fault, times->first, times->second, *seconds_in_force(fault.record, record)});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.from < b.from; });
  return found;
}

/// Whether both were in force at one time. What begins when another is to end does so while that is
/// being undone, and does not overlap with it.
bool overlap(const Application& a, const Application& b) {
  const Duration a_from = on_the_second(a.from);
  const Duration b_from = on_the_second(b.from);
  return a_from == b_from || (a_from < on_the_second(b.to) && b_from < on_the_second(a.to));
}

/// The first alert of each kind that fired in a stretch of time.
struct Detection {
  Duration at = Duration::max();
  std::string by;

  void offer(Duration moment, Duration from, Duration to, const std::string& what) {
    if (moment < from || moment > to || moment >= at) return;
    at = moment;
    by = what;
  }
  bool is_made() const { return at != Duration::max(); }
};

void offer_alerts(const std::vector<BurnAlert>& alerts, const ObjectiveResult& objective,
                  bool is_scaled, Duration from, Duration to, Detection& detection) {
  for (const BurnAlert& alert : alerts) {
    if (alert.rule.severity != BurnRule::Severity::kPage) continue;
    const std::string what =
        fmt::format("page alert {} and {} of {}{}", window_in_words(alert.rule.long_window),
                    window_in_words(alert.rule.short_window), objective.name,
                    is_scaled ? ", scaled to the run" : "");
    for (const Firing& firing : alert.firings) detection.offer(firing.from, from, to, what);
  }
}

/// Works out one run's impacts.
class Impacts {
 public:
  Impacts(const RunRecord& record, RunResult& result)
      : record_(record), result_(result), applied_(applications(record, result)) {
    const std::int64_t first = applied_.empty() ? std::numeric_limits<std::int64_t>::max()
                                                : applied_.front().in_force.from;
    for (const LoadResult& load : result.loads) {
      auto state = steady_state_of(load, first, record.scenario.steady);
      if (state) result.steady.push_back(*state);
    }
  }

  void judge() {
    const SteadySeconds steady(result_.loads, result_.steady);
    for (const Application& one : applied_) judge(one, steady);
  }

 private:
  void judge(const Application& one, const SteadySeconds& steady) {
    FaultImpact impact;
    impact.effective = one.fault->record.effective.value_or(one.from);
    const Application* const next = next_after(one);
    const std::int64_t bound =
        std::min(next == nullptr ? std::numeric_limits<std::int64_t>::max() : next->in_force.from,
                 load_end());
    if (steady.is_known()) {
      find_recovery(one, next, bound, steady, impact);
    } else {
      impact.note = fmt::format(
          "no steady state is known: it takes {} seconds of load before the first fault",
          steady::kLeastSeconds);
    }
    const Seconds span{
        .from = one.in_force.from,
        .to = impact.recovered
                  ? std::max(second_from(on_the_second(*impact.recovered)), one.in_force.from + 1)
                  : std::max(bound, one.in_force.from + 1)};
    find_detection(one, span, steady, impact);
    for (const LoadResult& load : result_.loads) find_depth(load, span, bound, impact);
    find_cost(one, span, impact);
    find_overlaps(one, impact);
    impact.sentence = impact_sentence(impact, one.fault->record, actual_end(one));
    one.fault->impact = std::move(impact);
  }

  std::optional<Duration> actual_end(const Application& one) const {
    return one.fault->record.to ? std::optional(one.to) : std::nullopt;
  }

  /// The first fault that begins when this one is over.
  const Application* next_after(const Application& one) const {
    const Application* next = nullptr;
    for (const Application& other : applied_) {
      if (&other == &one || other.from <= one.from || overlap(one, other)) continue;
      if (next == nullptr || other.from < next->from) next = &other;
    }
    return next;
  }

  /// One past the last second in which load was offered.
  std::int64_t load_end() const {
    std::int64_t end = 0;
    for (const LoadResult& load : result_.loads) {
      end = std::max(end, second_from(load.whole.to));
    }
    return end;
  }

  void find_recovery(const Application& one, const Application* next, std::int64_t bound,
                     const SteadySeconds& steady, FaultImpact& impact) {
    const std::int64_t end = second_of(on_the_second(one.to));
    std::int64_t before = one.in_force.from - 1;
    // What was under way when it began ends as the fault will have it, and tells nothing of before.
    while (before >= 0 && !steady.is_steady(before) && steady.ended_by(before) > one.from) --before;
    if (one.from > Duration::zero() && before >= 0 && !steady.is_steady(before)) {
      impact.note = "it was not steady when the fault began";
    }
    if (const auto second = steady.first_unsteady(one.in_force.from, bound)) {
      impact.departed = seconds(*second);
      if (const auto again = steady.steady_again(*second + 1, std::min(end, bound))) {
        impact.recovered_under = seconds(*again);
      }
    }
    if (!one.fault->record.to) {
      impact.note = "it never ended, so nothing can be said of recovery";
      return;
    }
    if (const auto again = steady.steady_again(end, bound)) {
      impact.recovered = std::max<Duration>(one.to, seconds(*again));
      return;
    }
    const std::string who = next != nullptr && next->in_force.from <= bound
                                ? next->fault->record.label + " began"
                                : "the load ended";
    impact.note = fmt::format("{} {} after its end, before it was steady for {}", who,
                              as_chosen(seconds(std::max<std::int64_t>(bound - end, 0))),
                              as_chosen(seconds(steady.hold())));
  }

  /// When all that fell due in `span` had ended: what times out is known only then.
  Duration ended_by(const Seconds& span) const {
    Duration ended = seconds(span.to);
    for (const LoadResult& load : result_.loads) {
      for (const SecondPoint& point : load.series) {
        if (span.holds(point.second))
          ended = std::max(ended, seconds(point.second + 1) + point.max);
      }
    }
    return ended;
  }

  void find_detection(const Application& one, const Seconds& span, const SteadySeconds& steady,
                      FaultImpact& impact) const {
    const Duration to = ended_by(span);
    Detection real;
    for (const GuardTrip& trip : record_.guard_trips) {
      // A guard speaks at the end of a second, and when the run ends by it.
      real.offer(trip.at, one.from, to + seconds(2), "guard " + trip.guard);
    }
    Detection scaled;
    for (const ObjectiveResult& objective : result_.objectives) {
      offer_alerts(objective.burn.alerts, objective, false, one.from, to, real);
      offer_alerts(objective.burn.scaled, objective, true, one.from, to, scaled);
    }
    const Detection& made = real.is_made() ? real : scaled;
    if (made.is_made()) {
      impact.detected = made.at;
      impact.detected_by = made.by;
    } else if (impact.departed) {
      impact.detected =
          std::max(steady.known_unsteady(second_of(*impact.departed)), impact.effective);
      impact.detected_by = "leaving the steady state";
    }
  }

  /// Of windows that begin in `span`. What is shorter than a window is filled up with what came
  /// after it, until another fault begins or the load ends.
  static void find_depth(const LoadResult& load, const Seconds& span, std::int64_t bound,
                         FaultImpact& impact) {
    const std::int64_t end = std::min(bound, second_from(load.whole.to));
    const std::int64_t first = std::max(span.from, second_of(load.whole.from));
    const std::int64_t last = std::max(first, std::min(span.to, end) - kDepthSeconds);
    if (first >= end) return;
    Depth depth{.load = load.name,
                .length = seconds(std::min(kDepthSeconds, end - first)),
                .error_share = 0,
                .error_share_from = {},
                .p99 = {},
                .p99_from = {}};
    for (std::int64_t from = first; from <= last; ++from) {
      std::uint64_t due = 0;
      std::uint64_t not_ok = 0;
      Histogram response;
      for (std::int64_t second = from; second < std::min(from + kDepthSeconds, end); ++second) {
        const SecondPoint* const point = point_at(load, second);
        if (point == nullptr) continue;
        due += point->due;
        not_ok += point->not_ok;
        point->response.add_to(response);
      }
      const double share = due > 0 ? static_cast<double>(not_ok) / static_cast<double>(due) : 0.0;
      if (from == first || share > depth.error_share) {
        depth.error_share = share;
        depth.error_share_from = seconds(from);
      }
      const Duration p99 = response.at_percentile(99);
      if (from == first || p99 > depth.p99) {
        depth.p99 = p99;
        depth.p99_from = seconds(from);
      }
    }
    impact.depth.push_back(std::move(depth));
  }

  void find_cost(const Application& one, const Seconds& span, FaultImpact& impact) const {
    double usual = 0;
    bool is_usual_known = true;
    for (const LoadResult& load : result_.loads) {
      const auto state =
          std::find_if(result_.steady.begin(), result_.steady.end(),
                       [&load](const SteadyState& known) { return known.load == load.name; });
      const bool is_learnt =
          state != result_.steady.end() && state->seconds >= steady::kLeastSeconds;
      is_usual_known = is_usual_known && is_learnt;
      for (const SecondPoint& point : load.series) {
        if (!span.holds(point.second)) continue;
        impact.not_ok += point.not_ok;
        if (is_learnt) usual += state->error_share * static_cast<double>(point.due);
      }
    }
    if (is_usual_known) {
      const double more = static_cast<double>(impact.not_ok) - usual;
      impact.not_ok_more = static_cast<std::uint64_t>(std::max(std::round(more), 0.0));
    }
    const Seconds after{.from = one.in_force.to, .to = span.to};
    if (after.empty()) return;
    for (std::size_t i = 0; i < result_.objectives.size(); ++i) {
      const std::uint64_t bad = bad_in(record_.scenario.objectives[i], record_, after);
      if (bad == 0) continue;
      const double allowed = result_.objectives[i].budget_allowed;
      impact.budget_spent_after[result_.objectives[i].name] =
          allowed > 0 ? static_cast<double>(bad) / allowed
                      : std::numeric_limits<double>::infinity();
    }
  }

  void find_overlaps(const Application& one, FaultImpact& impact) const {
    for (const Application& other : applied_) {
      if (&other == &one) continue;
      // Those before it are judged already.
      const bool still_hurts = other.to < one.from && other.fault->impact &&
                               other.fault->impact->departed && !other.fault->impact->recovered;
      if (overlap(one, other) || still_hurts) {
        impact.overlaps.push_back(other.fault->record.label);
      }
    }
  }

  const RunRecord& record_;  // NOLINT: stands on the stack of judge_impact().
  RunResult& result_;
  std::vector<Application> applied_;
};

}  // namespace

void judge_impact(const RunRecord& record, RunResult& result) { Impacts(record, result).judge(); }

}  // namespace squall::reports
