#include "reports/judge/burn_rate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace squall::reports {
namespace {

using namespace std::chrono_literals;

/// How much has come up to a moment, linear within a second. Seconds count from the series' begin.
class Cumulative {
 public:
  Cumulative(const std::vector<double>& by_second, double per_second_before)
      : before_(per_second_before), sums_(by_second.size() + 1) {
    std::partial_sum(by_second.begin(), by_second.end(), sums_.begin() + 1);
  }

  double at(double moment) const {
    if (moment <= 0) return moment * before_;
    const double whole = std::floor(moment);
    const auto second = static_cast<std::size_t>(whole);
    if (second + 1 >= sums_.size()) return sums_.back();
    return sums_[second] + (sums_[second + 1] - sums_[second]) * (moment - whole);
  }

 private:
  double before_;
  std::vector<double> sums_;
};

/// By how much an alert's condition is exceeded at any moment: it fires above 1.
class Excess {
 public:
  Excess(const ErrorSeries& series, double goal, Rate history)
      : samples_(series.samples, history.per_second), bad_(series.bad, 0), allowed_(1 - goal) {}

  double of(const BurnRule& rule, double moment) const {
    return std::min(burn(rule.long_window, moment), burn(rule.short_window, moment)) / rule.factor;
  }

 private:
  double burn(Duration window, double moment) const {
    const double begin = moment - to_seconds(window);
    const double bad = bad_.at(moment) - bad_.at(begin);
    const double samples = samples_.at(moment) - samples_.at(begin);
    if (bad <= 0 || samples <= 0) return 0;
    return allowed_ > 0 ? bad / samples / allowed_ : std::numeric_limits<double>::infinity();
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
    for (std::size_t second = 1; second <= series.samples.size(); ++second) {
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
  if (result.scale) {
    result.scaled =
        burn_alerts(series, goal, history, scaled_rules(workbook_rules(), *result.scale));
  }
  return result;
}

}  // namespace squall::reports
