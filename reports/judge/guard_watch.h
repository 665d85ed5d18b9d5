#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reports/judge/indicator.h"
#include "reports/judge/objectives.h"
#include "reports/judge/run_record.h"
#include "reports/measure/snapshot.h"
#include "scenarios/model/scenario.h"
#include "scenarios/plan/plan.h"

namespace squall::reports {

/// What only the coordinator can see, as of the second that is judged.
struct OutsideSignals {
  std::set<std::string> lost_agents;
  /// Of guards with a file or a probe: the name, and what is wrong ("file stop-here is there").
  std::map<std::string, std::string> alarms;
};

/// Judges the guards of a scenario, second by second, while the run goes on.
///
/// A windowed objective counts its windows as they end; its burn rate is that of seconds, each of
/// which is a window of its own, so that a guard need not wait for a window's end.
/// `during` and `after` look at the seconds that the plan has for them.
///
/// A load's figures are those of what happened in the second, by what agents told of it: errors and
/// latencies of what ended, whenever it was due. An objective's are those of the requests whose
/// fate became known. So a stalled server shows as silence first and as timeouts later.
///
/// Lifecycle:  fed by take() as snapshots arrive; judge() once for each second, ascending.
/// Threads:    one owner at a time.
/// Errors:     none.
class GuardWatch {
 public:
  GuardWatch(const scenarios::Scenario& scenario, const scenarios::Plan& plan);

  /// Each snapshot once: those that the ledger did not have yet.
  void take(const Snapshot& snapshot);

  /// The guards that trip at the end of `second`. A guard trips once.
  std::vector<GuardTrip> judge(std::int64_t second, const OutsideSignals& outside);

  /// An objective's budget and burn, so far; for progress.
  struct SoFar {
    Tally tally;              ///< Of all whose fate is known; of a windowed objective, windows.
    Tally last;               ///< The same, of the second that was judged last.
    double budget_share = 0;  ///< Spent of the budget that the plan gives.
    double burn_rate = 0;     ///< In the second that was judged last.
    /// What it would be if the run ended here.
    ObjectiveResult::Answer answer = ObjectiveResult::Answer::kNoSamples;
  };
  /// By the objective's name.
  const std::map<std::string, SoFar>& so_far() const { return so_far_; }

 private:
  /// What is known of a load in one second.
  struct LoadSecondNow {
    std::uint64_t due = 0;
    std::uint64_t sent = 0;
    std::uint64_t completed = 0;
    std::uint64_t errors = 0;
    std::uint64_t gone = 0;  ///< Unsent or shed.
    Histogram response;      ///< Of what ended, where a guard looks at it.
  };
  /// A figure, how it is said, and from how many samples it is.
  struct Figure {
    double value = 0;
    std::uint64_t samples = 0;
    std::string in_words;
  };
  /// A guard and how its condition stands.
  struct Watched {
    const scenarios::GuardSpec* spec;
    std::int64_t held = 0;  ///< Seconds in a row.
    std::uint64_t samples = 0;
    bool has_tripped = false;
  };

  /// An objective, and what became known of it in each second that is not judged yet.
  struct Objective {
    const scenarios::ObjectiveSpec* spec;
    Indicator indicator;
    std::vector<Seconds> stretches;  ///< As planned.
    std::optional<double> planned;   ///< Samples in the whole plan, where that is known.
    std::map<std::int64_t, Tally> by_second;
    Tally window = {};  ///< Of a windowed one: the requests of the window so far.
  };
  using LoadSeconds = std::map<std::int64_t, LoadSecondNow>;

  void add_objective(const scenarios::ObjectiveSpec& spec);
  /// What holds for the guard in this second, when it does.
  std::optional<Figure> holds(const scenarios::GuardSpec& guard, std::int64_t second,
                              const OutsideSignals& outside) const;
  std::optional<Figure> load_figure(const scenarios::GuardCondition& when,
                                    std::int64_t second) const;
  std::optional<Figure> objective_figure(const scenarios::GuardCondition& when) const;
  std::optional<Figure> silence(const std::string& load, std::int64_t second) const;
  /// Whether a guard looks at the latencies of this load.
  bool looks_at_latency_of(const std::string& load) const;
  bool is_offered(const std::string& load, std::int64_t second) const;
  const LoadSecondNow& load_second(const std::string& load, std::int64_t second) const;
  void settle(std::int64_t second);
  /// Counts the window that ends with `second`, if one does.
  static void end_window(std::int64_t second, Objective& objective, Tally& into);
  static bool ends_window(std::int64_t second, const Objective& objective);
  void forget(std::int64_t second);

  const scenarios::Scenario& scenario_;  // NOLINT: both outlive the run.
  const scenarios::Plan& plan_;
  std::int64_t next_second_ = 0;  // The first that is not judged.
  std::vector<Watched> guards_;
  std::vector<Objective> objectives_;
  std::map<std::string, LoadSeconds> loads_;       // What is not judged yet.
  std::map<std::string, std::int64_t> under_way_;  // By load, before what is not judged yet.
  std::map<std::string, SoFar> so_far_;
};

}  // namespace squall::reports
