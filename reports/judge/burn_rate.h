#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/units.h"
#include "reports/judge/indicator.h"

namespace squall::reports {

/// One alert on the rate at which an error budget burns, as the Google SRE workbook has them
/// (chapter 5, "Multiwindow, Multi-Burn-Rate Alerts"): it fires while the share of bad ones over
/// the long *and* over the short window exceeds `factor` times what the goal allows.
struct BurnRule {
  enum class Severity { kPage, kTicket };
  Severity severity = Severity::kPage;
  Duration long_window{};
  Duration short_window{};
  double factor = 0;
};

/// "page" or "ticket".
std::string_view to_string(BurnRule::Severity severity);

/// The workbook's rules for a budget of 30 days: 1 h and 5 min at 14.4, 6 h and 30 min at 6 (these
/// page), 1 d and 2 h at 3, 3 d and 6 h at 1 (these make tickets).
const std::vector<BurnRule>& workbook_rules();

/// The rules with all windows multiplied by `scale`; none is shorter than a second, which is as
/// fine as a ledger sees.
std::vector<BurnRule> scaled_rules(const std::vector<BurnRule>& rules, double scale);

/// By how much the rules are scaled down for a run of this length: so that the longest window that
/// pages (6 h) becomes the run. None for a run as long as that.
std::optional<double> scale_for(Duration run);

/// When an alert fired and was over again; offsets from the start of the load.
struct Firing {
  Duration from{};
  std::optional<Duration> to;  ///< None: it fired to the end.
};

/// A rule, and what it would have done in the run.
struct BurnAlert {
  BurnRule rule;
  std::vector<Firing> firings;
};

/// What alerts on an objective would have done.
struct BurnResult {
  std::vector<BurnAlert> alerts;
  std::optional<double> scale;    ///< None: the run is too long to scale anything down.
  std::vector<BurnAlert> scaled;  ///< The same for scaled_rules().
  /// Rules, as they are, whose two windows are one when scaled: what they would do is not told.
  std::vector<BurnRule> left_out;
};

/// What each rule would have done over `series`, by the moment. What fell due is spread evenly over
/// its second; a bad one counts from when it was known, so that no alert is older than what it
/// tells of. What is known only after the load ended can still make one fire, but not end it.
///
/// Before the series nothing was bad, at `history` samples per second: what a window does not
/// cover of the series is clean traffic. A `goal` of 1 allows nothing, so that anything bad burns
/// infinitely fast.
std::vector<BurnAlert> burn_alerts(const ErrorSeries& series, double goal, Rate history,
                                   const std::vector<BurnRule>& rules);

/// Both tables for a run of this length; the history has the mean rate of the series. A scaled rule
/// whose windows come out the same would fire on the noise that the second window is there to keep
/// off: it is left out.
BurnResult judge_burn(const ErrorSeries& series, double goal, Duration run);

}  // namespace squall::reports
