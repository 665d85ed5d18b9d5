#include "reports/judge/burn_rate.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

namespace squall::reports {
namespace {

using namespace std::chrono_literals;

/// How much has come up to a moment, at a pace that changes from moment to moment. Seconds count
/// from the series' begin.
class Cumulative {
 public:
  /// `paces` is what came per second from each moment on; `before` was the pace before them.
  Cumulative(const std::vector<std::pair<double, double>>& paces, double before) : before_(before) {
    for (const auto& [moment, pace] : paces) {
      const double sum = parts_.empty() ? 0 : parts_.back().at(moment);
      parts_.push_back({moment, sum, pace});
    }
  }

  double at(double moment) const {
    const auto after = std::upper_bound(parts_.begin(), parts_.end(), moment,
                                        [](double m, const Part& part) { return m < part.from; });
    if (after == parts_.begin()) return std::min(moment, 0.0) * before_;
    return std::prev(after)->at(moment);
  }

 private:
  struct Part {
    double from;
    double sum;
    double pace;

    double at(double moment) const { return sum + pace * (moment - from); }
  };

  double before_;
  std::vector<Part> parts_;
};

/// What falls due goes on at the pace of the history after the series, as it was before it.
Cumulative samples_of(const ErrorSeries& series, Rate history) {
  std::vector<std::pair<double, double>> paces;
  for (std::size_t second = 0; second < series.samples.size(); ++second) {
    paces.emplace_back(static_cast<double>(second), series.samples[second]);
  }
  paces.emplace_back(static_cast<double>(series.samples.size()), history.per_second);
  return {paces, history.per_second};
}

/// Bad ones count from when they were known.
Cumulative bad_of(const ErrorSeries& series) {
  std::vector<std::pair<double, double>> paces;
  if (series.known.empty()) {
    for (std::size_t second = 0; second < series.bad.size(); ++second) {
      paces.emplace_back(static_cast<double>(second), series.bad[second]);
    }
    paces.emplace_back(static_cast<double>(series.bad.size()), 0);
    return {paces, 0};
  }
  double pace = 0;
  for (const auto& [moment, change] : series.known) {
    pace += change;
    if (std::abs(pace) < 1e-9) pace = 0;  // What sums of fractions leave over.
    paces.emplace_back(to_seconds(moment) - static_cast<double>(series.from), pace);
  }
  return {paces, 0};
}

/// How many seconds of the series there are to look at: to its end, or until all is known.
std::size_t seconds_of(const ErrorSeries& series) {
  if (series.known.empty()) return series.samples.size();
  const double known =
      std::ceil(to_seconds(series.known.rbegin()->first)) - static_cast<double>(series.from);
  return std::max(series.samples.size(), static_cast<std::size_t>(std::max(known, 0.0)));
}

/// By how much an alert's condition is exceeded at any moment: it fires above 1.
class Excess {
 public:
  Excess(const ErrorSeries& series, double goal, Rate history)
      : samples_(samples_of(series, history)), bad_(bad_of(series)), allowed_(1 - goal) {}

  double of(const BurnRule& rule, double moment) const {
    return std::min(burn(rule.long_window, moment), burn(rule.short_window, moment)) / rule.factor;
  }

 private:
  double burn(Duration window, double moment) const {
    const double begin = moment - to_seconds(window);
    const double bad = bad_.at(moment) - bad_.at(begin);
    const double samples = samples_.at(moment) - samples_.at(begin);
    if (bad <= 1e-9 || samples <= 0) return 0;
    // What falls due at one time and is known at another can be more than all there is.
    return allowed_ > 0 ? std::min(bad / samples, 1.0) / allowed_
                        : std::numeric_limits<double>::infinity();
  }

  Cumulative samples_;
  Cumulative bad_;
  double allowed_;
};

/// Above 1 by more than what sums of fractions lose.
bool fires(double excess) { return excess > 1 + 1e-9; }

/// The moment in (from, to) at which the alert changes, to a microsecond.
double moment_of_change(const Excess& excess, const BurnRule& rule, double from, double to) {
  const bool before = fires(excess.of(rule, from));
  while (to - from > 1e-6) {
    const double middle = (from + to) / 2;
    (fires(excess.of(rule, middle)) == before ? from : to) = middle;
  }
  return to;
}

}  // namespace

std::string_view to_string(BurnRule::Severity severity) {
  return severity == BurnRule::Severity::kPage ? "page" : "ticket";
}

const std::vector<BurnRule>& workbook_rules() {
  using Severity = BurnRule::Severity;
  static const std::vector<BurnRule> kRules{{Severity::kPage, 1h, 5min, 14.4},
                                            {Severity::kPage, 6h, 30min, 6},
                                            {Severity::kTicket, 24h, 2h, 3},
                                            {Severity::kTicket, 72h, 6h, 1}};
  return kRules;
}

std::vector<BurnRule> scaled_rules(const std::vector<BurnRule>& rules, double scale) {
  const auto scaled = [scale](Duration window) {
    return std::max<Duration>(from_seconds(to_seconds(window) * scale), 1s);
  };
  std::vector<BurnRule> made = rules;
  for (BurnRule& rule : made) {
    rule.long_window = scaled(rule.long_window);
    rule.short_window = scaled(rule.short_window);
  }
  return made;
}

std::optional<double> scale_for(Duration run) {
  constexpr Duration kLongestPage = 6h;
  if (run >= kLongestPage || run <= Duration::zero()) return std::nullopt;
  return to_seconds(run) / to_seconds(kLongestPage);
}

std::vector<BurnAlert> burn_alerts(const ErrorSeries& series, double goal, Rate history,
                                   const std::vector<BurnRule>& rules) {
  const Excess excess(series, goal, history);
  const auto offset = [&series](double moment) {
    return std::chrono::seconds(series.from) + from_seconds(moment);
  };
  std::vector<BurnAlert> alerts;
  for (const BurnRule& rule : rules) {
    BurnAlert alert{.rule = rule, .firings = {}};
    bool is_firing = false;
    for (std::size_t second = 1; second <= seconds_of(series); ++second) {
      // What fires when the load ends fires to the end.
      if (is_firing && second > series.samples.size()) break;
      const auto now = static_cast<double>(second);
      if (fires(excess.of(rule, now)) == is_firing) continue;
      const Duration moment = offset(moment_of_change(excess, rule, now - 1, now));
      is_firing = !is_firing;
      if (is_firing) {
        alert.firings.push_back({.from = moment, .to = {}});
      } else {
        alert.firings.back().to = moment;
      }
    }
    alerts.push_back(std::move(alert));
  }
  return alerts;
}

BurnResult judge_burn(const ErrorSeries& series, double goal, Duration run) {
  BurnResult result;
  const double samples = std::accumulate(series.samples.begin(), series.samples.end(), 0.0);
  const auto seconds = static_cast<double>(std::count_if(
      series.samples.begin(), series.samples.end(), [](double count) { return count > 0; }));
  const Rate history{seconds > 0 ? samples / seconds : 0};
  result.alerts = burn_alerts(series, goal, history, workbook_rules());
  result.scale = scale_for(run);
  if (!result.scale) return result;
  std::vector<BurnRule> rules;
  for (const BurnRule& rule : workbook_rules()) {
    const BurnRule scaled = scaled_rules({rule}, *result.scale).front();
    if (scaled.long_window == scaled.short_window) {
      result.left_out.push_back(rule);
    } else {
      rules.push_back(scaled);
    }
  }
  result.scaled = burn_alerts(series, goal, history, rules);
  return result;
}

}  // namespace squall::reports
