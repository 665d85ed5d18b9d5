#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "generators/spec/load_spec.h"
#include "harness/base/result.h"
#include "harness/base/units.h"
#include "scenarios/model/scenario.h"

namespace squall::coordinator {

/// What is left of `stages` from `at` after their begin on, at `factor` times the rate; a stage
/// that is under way is cut where it is. Nothing when they are over.
std::vector<generators::Stage> remaining_stages(const std::vector<generators::Stage>& stages,
                                                Duration at, double factor);

/// What of `stages` comes before `at` after their begin.
std::vector<generators::Stage> stages_until(const std::vector<generators::Stage>& stages,
                                            Duration at);

/// The rates of a run's open loads as they were changed while it goes on.
///
/// Lifecycle:  made with the scenario; lives as long as its load.
/// Threads:    one owner at a time.
/// Errors:     set_rate() says why a load has no rate that can be changed.
class PaceBook {
 public:
  /// From `at` after the start of the run, on the agents that offer it, the load has these stages.
  struct Change {
    std::string load;
    Duration at{};
    std::vector<generators::Stage> stages;
  };

  explicit PaceBook(const scenarios::Scenario& scenario);

  /// There is no open load: nothing that could be changed, or held.
  bool is_empty() const { return loads_.empty(); }
  bool is_paused() const { return is_paused_; }
  /// This rate to the end of the load's schedule.
  Result<Change> set_rate(const std::string& load, Duration at, Rate rate);
  /// Nothing is due until resume(), which goes on where the schedule is by then.
  std::vector<Change> pause(Duration at);
  std::vector<Change> resume(Duration at);
  /// Fewer agents offer the same: each of them `factor` times its slice. None: nothing is left.
  std::optional<Change> make_denser(const std::string& load, Duration at, double factor);

  /// How many requests of an open load fall due between two moments, as the agents were told to
  /// offer it: of those that were lost as if they were there and as dense as the others. 0 where
  /// there is no such load.
  double due_between(const std::string& load, Duration from, Duration to) const;

  /// The stages of those loads whose rate was changed by hand, as they have been and will be.
  const std::map<std::string, std::vector<generators::Stage>>& offered() const { return offered_; }

 private:
  struct Paced {
    Duration begin{};                        // Of the load, from the start of the run.
    std::vector<generators::Stage> stages;   // If it is not paused.
    std::vector<generators::Stage> ordered;  // As agents were told, from its begin on.
    double factor = 1;
    bool is_split = false;  // It shares its schedule with a canary: neither can be changed alone.
  };
  /// None when nothing of its schedule is left at `at`.
  std::optional<Change> change(const std::string& load, Duration at) const;
  void note(const Change& change);
  void note_ordered(const Change& change);

  std::map<std::string, Paced> loads_;
  std::map<std::string, std::vector<generators::Stage>> offered_;
  bool is_paused_ = false;
};

}  // namespace squall::coordinator
