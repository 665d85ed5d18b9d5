#include "reports/compare/figures.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "reports/compare/stretches.h"

namespace squall::reports {
namespace {

/// Below this no client tells the difference, and the generator's own lateness can.
constexpr double kLeastTimeMs = 0.1;
/// A tenth of a percent of all requests, or half of an objective's budget where that is less.
constexpr double kLeastShare = 0.001;
/// Of a phase of less than 10 s four times the tolerance, but of shares at least one point and five
/// at most: neighbouring seconds are alike, and nothing within so few tells how the next few
/// differ.
constexpr double kLeastShareOfFew = 0.01;
constexpr double kMostShareOfFew = 0.05;
constexpr double kSlackOfFew = 4;
/// So many samples must lie beyond a percentile, or a share's denominator hold.
constexpr double kFewestBeyond = 20;
constexpr double kFewestDraws = 100;
/// A phase with less than this share of a load's requests, in both runs, need not be judged before
/// runs are called the same: what it loses is seen in what the whole lost.
constexpr double kWorthNaming = 0.05;

struct Percentile {
  const char* name;
  double percent;
};
constexpr std::array<Percentile, 4> kPercentiles = {
    {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}}};
constexpr std::size_t kTail = 2;  // p99.

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

bool is_enough(const Percentile& wanted, const Batches& batches) {
  return static_cast<double>(batches.all.count()) * (1 - wanted.percent / 100) >= kFewestBeyond;
}

FigurePair percentile_pair(FigurePair pair, const Percentile& wanted, const Both& both,
                           Length length) {
  const auto value_of = [&](const Histogram& histogram) -> std::optional<double> {
    if (histogram.empty()) return std::nullopt;
    return to_milliseconds(histogram.at_percentile(wanted.percent));
  };
  pair.about.a = value_of(both->first.all);
  pair.about.b = value_of(both->second.all);
  pair.least = kLeastTimeMs;
  if (length == Length::kFewSeconds) pair.slack = kSlackOfFew;
  if (length == Length::kTooShort || !is_enough(wanted, both->first) ||
      !is_enough(wanted, both->second)) {
    return pair;
  }
  const double percent = wanted.percent;
  const auto beyond = [percent](const Batches& side) {
    BatchedCounts counts = beyond_percentile(side.response, percent);
    counts.stratum = side.not_ok.stratum;
    return counts;
  };
  const BatchedCounts of_a = beyond(both->first);
  const BatchedCounts of_b = beyond(both->second);
  const double effect = std::max(of_a.design_effect(), of_b.design_effect());
  const double freedom = freedom_of(of_a, of_b);
  // Of a few seconds chance alone makes a pattern.
  const bool is_pattern_known = length == Length::kLong;
  pair.between = [=](double tail) {
    const double t = student_t(tail, freedom);
    Estimate a = percentile_estimate(both->first.response, percent, effect, t);
    Estimate b = percentile_estimate(both->second.response, percent, effect, t);
    a.residuals = is_pattern_known ? of_a.residuals() : std::vector<double>{};
    b.residuals = is_pattern_known ? of_b.residuals() : std::vector<double>{};
    return difference_of(a, b);
  };
  return pair;
}

FigurePair share_pair(FigurePair pair, BatchedCounts a, BatchedCounts b, double least,
                      Length length) {
  if (a.all() > 0) pair.about.a = a.share();
  if (b.all() > 0) pair.about.b = b.share();
  pair.least = least;
  if (length == Length::kFewSeconds) {
    pair.least = std::max(least, kLeastShareOfFew);
    pair.most = kMostShareOfFew;
    pair.slack = kSlackOfFew;
  }
  if (length == Length::kTooShort || a.all() < kFewestDraws || b.all() < kFewestDraws) return pair;
  if (length == Length::kFewSeconds) {
    pair.between = [a = std::move(a), b = std::move(b)](double tail) {
      return difference_of_seconds(a, b, tail);
    };
    return pair;
  }
  const double effect = std::max(a.design_effect(), b.design_effect());
  const double freedom = freedom_of(a, b);
  pair.between = [a = std::move(a), b = std::move(b), effect, freedom](double tail) {
    const double t = student_t(tail, freedom);
    return difference_of(share_estimate(a, effect, t), share_estimate(b, effect, t));
  };
  return pair;
}

FigurePair rate_pair(FigurePair pair, const Both& both, Length length) {
  pair.about.a = both->first.completed.share();
  pair.about.b = both->second.completed.share();
  pair.more_is_worse = false;
  if (length != Length::kLong || !(both->first.completed.all_hits() > 0) ||
      !(both->second.completed.all_hits() > 0)) {
    return pair;
  }
  const auto estimate = [](const Batches& side, double t) {
    return rate_estimate(side.completed, side.open ? side.not_ok.of : std::vector<double>{}, t);
  };
  const auto freedom = static_cast<double>(both->first.completed.hits.size() - 1);
  pair.between = [both, estimate, freedom](double tail) {
    const double t = student_t(tail, freedom);
    return difference_of(estimate(both->first, t), estimate(both->second, t));
  };
  return pair;
}

/// The figures of one stretch. Those which decide when it is worth naming are marked.
std::vector<FigurePair> stretch_figures(const ComparedLoad& a, const ComparedLoad& b,
                                        const Parts& parts, const std::string& phase,
                                        Length length) {
  const Both both = std::make_shared<const std::pair<Batches, Batches>>(
      batches_over(a, of_a(parts)), batches_over(b, of_b(parts)));
  const auto named = [&](const std::string& figure, Difference::Unit unit) {
    return pair_named(a.name, phase, figure, unit);
  };
  std::vector<FigurePair> pairs;
  for (const Percentile& wanted : kPercentiles) {
    pairs.push_back(
        percentile_pair(named(wanted.name, Difference::Unit::kTime), wanted, both, length));
  }
  // In a few seconds the tail varies too much for anybody to call it the same.
  const std::size_t tail = length == Length::kFewSeconds ? 0 : kTail;
  // Of what is too short for anything one sentence is enough.
  pairs[tail].about.is_decisive = length != Length::kTooShort;
  pairs.push_back(share_pair(named("not ok", Difference::Unit::kShare), both->first.not_ok,
                             both->second.not_ok, kLeastShare, length));
  pairs.back().about.is_decisive = true;
  pairs.push_back(rate_pair(named("completed", Difference::Unit::kRate), both, length));
  for (FigurePair& pair : pairs) pair.about.seconds = seconds_of(parts);
  return pairs;
}

double due_in(const ComparedLoad& load, const Stretch& stretch) {
  double due = 0;
  for (std::int64_t second = stretch.from; second < stretch.to; ++second) {
    due += static_cast<double>(load.seconds[static_cast<std::size_t>(second - load.from)].due);
  }
  return due;
}

/// Which share of a load's requests is due there.
double weight_of(const ComparedLoad& load, const Stretch& stretch) {
  const double all = due_in(load, {load.from, load.to()});
  return all > 0 ? due_in(load, stretch) / all : 0;
}

void tell_missing(std::string_view who, const ComparedLoad& load, const Stretch& stretch,
                  const std::string& phase, Figures& made) {
  if (stretch.length() == 0) return;
  const bool is_small = weight_of(load, stretch) < kWorthNaming;
  (is_small ? made.remarks : made.unlike)
      .push_back(fmt::format("{} has no phase \"{}\" of {}", who, phase, load.name));
}

void add_phases(const ComparedLoad& a, const ComparedLoad& b, Figures& made) {
  for (const ComparedPhase& phase : a.phases) {
    const Stretch in_a = clipped(phase, a);
    const ComparedPhase* same = phase_named(b, phase.name);
    const Stretch in_b = same == nullptr ? Stretch{} : clipped(*same, b);
    if (in_b.length() == 0) {
      tell_missing("B", a, in_a, phase.name, made);
      continue;
    }
    if (in_a.length() == 0) continue;  // Told below.
    const Parts part = {{in_a, in_b}};
    const Length length = length_of(part);
    auto figures = stretch_figures(a, b, part, phase.name, length);
    const double weight = std::max(weight_of(a, in_a), weight_of(b, in_b));
    if (weight < kWorthNaming) {
      for (FigurePair& pair : figures) pair.about.is_decisive = false;
      if (length == Length::kTooShort) {
        made.remarks.push_back(
            fmt::format("{} {} was not judged by itself: {} s, {:.2g} % of the requests", a.name,
                        phase.name, seconds_of(part), weight * 100));
      }
    }
    if (weight >= kWorthNaming && length == Length::kFewSeconds) {
      made.remarks.push_back(
          fmt::format("{} {} lasted {} s: its tail may differ and not be noticed", a.name,
                      phase.name, seconds_of(part)));
    }
    std::move(figures.begin(), figures.end(), std::back_inserter(made.pairs));
  }
  for (const ComparedPhase& phase : b.phases) {
    const ComparedPhase* same = phase_named(a, phase.name);
    if (same == nullptr || clipped(*same, a).length() == 0) {
      tell_missing("A", b, clipped(phase, b), phase.name, made);
    }
  }
}

}  // namespace

Figures figures_of(const ComparedLoad& a, const ComparedLoad& b) {
  Figures made;
  const Parts whole = {{{a.from, a.to()}, {b.from, b.to()}}};
  const bool is_one = a.phases.size() < 2 && b.phases.size() < 2;
  const Parts parts = is_one ? whole : parts_of(a, b);
  // Below 10 s there is nothing to be said of the whole.
  const Length length = length_of(whole) == Length::kLong ? Length::kLong : Length::kTooShort;
  made.pairs = stretch_figures(a, b, parts, "", length);
  if (length == Length::kTooShort) {
    for (FigurePair& pair : made.pairs) pair.about.is_decisive = false;
    return made;
  }
  if (is_one) return made;
  // A whole of unlike parts has percentiles that belong to none of them.
  for (FigurePair& pair : made.pairs) {
    if (pair.about.unit == Difference::Unit::kTime) pair.about.is_decisive = false;
  }
  add_phases(a, b, made);
  return made;
}

FigurePair figure_of(const ComparedObjective& a, const ComparedObjective& b,
                     const ComparedLoad* load_a, const ComparedLoad* load_b) {
  FigurePair pair = pair_named(a.load, "", "objective " + a.name, Difference::Unit::kShare);
  const Parts parts = parts_of(a, load_a, b, load_b);
  auto [in_a, in_b] = samples_over(a, b, parts);
  const bool is_judged = length_of(parts) == Length::kLong && in_a.hits.size() >= kFewestOfStratum;
  pair = share_pair(std::move(pair), std::move(in_a), std::move(in_b),
                    std::min(kLeastShare, (1 - std::max(a.goal, b.goal)) / 2),
                    is_judged ? Length::kLong : Length::kTooShort);
  pair.about.seconds = seconds_of(parts);
  if (a.answer != b.answer && !a.answer.empty() && !b.answer.empty()) {
    pair.is_turned = (a.answer == "met") != (b.answer == "met");
    pair.about.note = fmt::format("{} in A and {} in B", a.answer, b.answer);
    pair.about.is_decisive = pair.is_turned;
  }
  return pair;
}

}  // namespace squall::reports
