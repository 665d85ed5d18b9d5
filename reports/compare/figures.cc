#include "reports/compare/figures.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace squall::reports {
namespace {

/// Below this no client tells the difference, and the generator's own lateness can.
constexpr double kLeastTimeMs = 0.1;
/// A tenth of a percent of all requests, or half of an objective's budget where that is less.
constexpr double kLeastShare = 0.001;
/// So many samples must lie beyond a percentile, or a share's denominator hold.
constexpr double kFewestBeyond = 20;
constexpr double kFewestDraws = 100;

struct Percentile {
  const char* name;
  double percent;
  bool is_decisive;
};
constexpr std::array<Percentile, 4> kPercentiles = {
    {{"p50", 50, false}, {"p90", 90, false}, {"p99", 99, true}, {"p99.9", 99.9, false}}};

/// Seconds [from, to) of one run's load.
struct Stretch {
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::int64_t length() const { return std::max<std::int64_t>(0, to - from); }
};

/// A stretch of one load, in batches.
struct Batches {
  std::vector<Histogram> response;
  BatchedCounts not_ok;     // Of due.
  BatchedCounts completed;  // Of seconds.
  Histogram all;
  bool open = true;
};

Batches batches_over(const ComparedLoad& load, const Stretch& stretch, std::size_t count) {
  Batches made;
  made.open = load.open;
  const std::size_t room = std::max<std::size_t>(count, 1);
  made.response.resize(room);
  for (BatchedCounts* counts : {&made.not_ok, &made.completed}) {
    counts->hits.assign(room, 0);
    counts->of.assign(room, 0);
  }
  for (std::int64_t second = stretch.from; second < stretch.to; ++second) {
    const ComparedSecond& one = load.seconds[static_cast<std::size_t>(second - load.from)];
    const auto into = static_cast<std::size_t>(second - stretch.from);
    const std::size_t batch = into * room / static_cast<std::size_t>(stretch.length());
    one.response.add_to(made.response[batch]);
    one.response.add_to(made.all);
    made.not_ok.hits[batch] += static_cast<double>(one.not_ok);
    made.not_ok.of[batch] += static_cast<double>(one.due);
    made.completed.hits[batch] += static_cast<double>(one.completed);
    made.completed.of[batch] += 1;
  }
  return made;
}

using Both = std::shared_ptr<const std::pair<Batches, Batches>>;

FigurePair pair_named(const std::string& load, const std::string& phase, const std::string& figure,
                      Difference::Unit unit) {
  FigurePair pair;
  pair.about.load = load;
  pair.about.phase = phase;
  pair.about.figure = figure;
  pair.about.unit = unit;
  return pair;
}

FigurePair percentile_pair(FigurePair pair, const Percentile& wanted, const Both& both,
                           std::size_t batches) {
  const auto value_of = [&](const Histogram& histogram) -> std::optional<double> {
    if (histogram.empty()) return std::nullopt;
    return to_milliseconds(histogram.at_percentile(wanted.percent));
  };
  const auto is_enough = [&](const Histogram& histogram) {
    return static_cast<double>(histogram.count()) * (1 - wanted.percent / 100) >= kFewestBeyond;
  };
  pair.about.a = value_of(both->first.all);
  pair.about.b = value_of(both->second.all);
  pair.least = kLeastTimeMs;
  if (is_enough(both->first.all) && is_enough(both->second.all)) pair.batches = batches;
  const double percent = wanted.percent;
  const double effect = std::max(beyond_percentile(both->first.response, percent).design_effect(),
                                 beyond_percentile(both->second.response, percent).design_effect());
  pair.of_a = [both, percent, effect](double t) {
    return percentile_estimate(both->first.response, percent, effect, t);
  };
  pair.of_b = [both, percent, effect](double t) {
    return percentile_estimate(both->second.response, percent, effect, t);
  };
  return pair;
}

FigurePair share_pair(FigurePair pair, BatchedCounts a, BatchedCounts b, double least,
                      std::size_t batches) {
  if (a.all() > 0) pair.about.a = a.share();
  if (b.all() > 0) pair.about.b = b.share();
  pair.least = least;
  if (a.all() >= kFewestDraws && b.all() >= kFewestDraws) pair.batches = batches;
  const double effect = std::max(a.design_effect(), b.design_effect());
  pair.of_a = [a = std::move(a), effect](double t) { return share_estimate(a, effect, t); };
  pair.of_b = [b = std::move(b), effect](double t) { return share_estimate(b, effect, t); };
  return pair;
}

FigurePair rate_pair(FigurePair pair, const Both& both, std::size_t batches) {
  const auto estimate = [](const Batches& side, double t) {
    return rate_estimate(side.completed, side.open ? side.not_ok.of : std::vector<double>{}, t);
  };
  pair.about.a = both->first.completed.share();
  pair.about.b = both->second.completed.share();
  pair.more_is_worse = false;
  if (both->first.completed.all_hits() > 0 && both->second.completed.all_hits() > 0) {
    pair.batches = batches;
  }
  pair.of_a = [both, estimate](double t) { return estimate(both->first, t); };
  pair.of_b = [both, estimate](double t) { return estimate(both->second, t); };
  return pair;
}

/// Adds the figures of one stretch, and answers whether it lasted long enough to judge them.
bool add_stretch(const ComparedLoad& a, const Stretch& of_a, const ComparedLoad& b,
                 const Stretch& of_b, const std::string& phase, std::vector<FigurePair>& pairs) {
  const std::size_t count = batches_of(std::min(of_a.length(), of_b.length()));
  const Both both = std::make_shared<const std::pair<Batches, Batches>>(
      batches_over(a, of_a, count), batches_over(b, of_b, count));
  const auto named = [&](const std::string& figure, Difference::Unit unit) {
    return pair_named(a.name, phase, figure, unit);
  };
  for (const Percentile& wanted : kPercentiles) {
    pairs.push_back(
        percentile_pair(named(wanted.name, Difference::Unit::kTime), wanted, both, count));
    pairs.back().about.is_decisive = wanted.is_decisive && count > 0;
  }
  pairs.push_back(share_pair(named("not ok", Difference::Unit::kShare), both->first.not_ok,
                             both->second.not_ok, kLeastShare, count));
  pairs.back().about.is_decisive = count > 0;
  pairs.push_back(rate_pair(named("completed", Difference::Unit::kRate), both, count));
  return count > 0;
}

Stretch clipped(const ComparedPhase& phase, const ComparedLoad& load) {
  return {std::max(phase.from, load.from), std::min(phase.to, load.to())};
}

}  // namespace

std::vector<FigurePair> figures_of(const ComparedLoad& a, const ComparedLoad& b) {
  std::vector<FigurePair> whole;
  add_stretch(a, {a.from, a.to()}, b, {b.from, b.to()}, "", whole);
  std::vector<FigurePair> parts;
  bool is_any_judged = false;
  for (const ComparedPhase& phase : a.phases) {
    if (a.phases.size() < 2) break;
    const auto same =
        std::find_if(b.phases.begin(), b.phases.end(),
                     [&](const ComparedPhase& other) { return other.name == phase.name; });
    if (same == b.phases.end()) continue;
    const Stretch of_a = clipped(phase, a);
    const Stretch of_b = clipped(*same, b);
    if (of_a.length() == 0 || of_b.length() == 0) continue;
    is_any_judged = add_stretch(a, of_a, b, of_b, phase.name, parts) || is_any_judged;
  }
  // A whole of unlike parts has percentiles that belong to none of them.
  for (FigurePair& pair : whole) pair.about.is_decisive = pair.about.is_decisive && !is_any_judged;
  whole.insert(whole.end(), std::make_move_iterator(parts.begin()),
               std::make_move_iterator(parts.end()));
  return whole;
}

FigurePair figure_of(const ComparedObjective& a, const ComparedObjective& b) {
  const std::size_t seconds = std::min(a.samples.size(), b.samples.size());
  const std::size_t count = batches_of(static_cast<std::int64_t>(seconds));
  const auto batched = [&](const ComparedObjective& objective) {
    const std::size_t room = std::max<std::size_t>(count, 1);
    BatchedCounts counts;
    counts.hits.assign(room, 0);
    counts.of.assign(room, 0);
    for (std::size_t i = 0; i < objective.samples.size(); ++i) {
      const std::size_t batch = i * room / objective.samples.size();
      counts.hits[batch] += objective.bad[i];
      counts.of[batch] += objective.samples[i];
    }
    return counts;
  };
  return share_pair(pair_named(a.load, "", "objective " + a.name, Difference::Unit::kShare),
                    batched(a), batched(b),
                    std::min(kLeastShare, (1 - std::max(a.goal, b.goal)) / 2), count);
}

}  // namespace squall::reports
