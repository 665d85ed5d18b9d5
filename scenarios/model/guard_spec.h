#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "generators/spec/load_spec.h"
#include "harness/base/units.h"

namespace squall::scenarios {

/// What else must hold, asked every interval.
struct ProbeSpec {
  std::string name;
  std::string url;
  Duration every = std::chrono::seconds(1);
  generators::ExpectSpec expect;
  std::string count = "always";
  std::optional<Duration> never_down_for;
};

/// A condition over the figures of one second: "browse.error_share > 20%", "browse absent".
struct GuardCondition {
  enum class Figure {
    kErrorShare,     ///< Of what ended in the second.
    kDueRate,        ///< Requests that fell due.
    kSentRate,       ///< Requests that were sent.
    kCompletedRate,  ///< Requests that ended.
    kPercentile,     ///< Of `response` of what ended in the second.
    kBurnRate,       ///< Share of bad ones by the objective, as a multiple of what it allows.
    kBudgetSpent,    ///< Of the objective's budget for the whole run, up to now.
    kAbsent,         ///< Nothing of the load ended, though something was under way or due.
    kAgentLost,      ///< An agent was lost.
  };
  enum class Compare { kLess, kLessOrEqual, kGreaterOrEqual, kGreater };

  std::string text;  ///< As written.
  std::string of;    ///< The load, or the objective; empty for kAgentLost.
  Figure figure = Figure::kErrorShare;
  std::string figure_name;  ///< "error_share", "p99".
  double percentile = 0;    ///< Of kPercentile.
  Compare compare = Compare::kGreater;
  double limit = 0;              ///< A share of 1, a rate per second, seconds, or a plain number.
  bool limit_is_of_due = false;  ///< `limit` is a share of the rate due in that second.
};

/// What ends the run early. Exactly one of `when`, `file`, `probe`, `outside` is given.
struct GuardSpec {
  std::string name;
  std::optional<GuardCondition> when;
  std::optional<std::string> file;   ///< Trips when this path is there; absolute, or from the
                                     ///< scenario's folder.
  std::optional<std::string> probe;  ///< Trips when this probe is not answered as it expects.
  std::optional<ProbeSpec> outside;  ///< The same for a probe of its own.
  Duration lasting{};                ///< It must hold in each second for so long.
  std::optional<std::uint64_t> min_samples;  ///< In the seconds of `lasting` together.
};

}  // namespace squall::scenarios
