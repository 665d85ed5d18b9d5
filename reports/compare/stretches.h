#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "reports/compare/compared_run.h"
#include "reports/compare/interval.h"

/// Which seconds of two runs belong together, and how they are cut into batches.
namespace squall::reports {

/// Seconds [from, to) of one run's load.
struct Stretch {
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::int64_t length() const { return to > from ? to - from : 0; }
};

/// How a stretch can be judged: by batches, by its few seconds, or not at all.
enum class Length { kLong, kFewSeconds, kTooShort };

/// What belongs together, in A and in B, in the order of time.
using Parts = std::vector<std::pair<Stretch, Stretch>>;

/// How many seconds there are of it, in the run that has fewer; and what that makes of it.
std::int64_t seconds_of(const Parts& parts);
Length length_of(const Parts& parts);

/// The phase of that name; null: none.
const ComparedPhase* phase_named(const ComparedLoad& load, const std::string& name);
/// The seconds of it in which the load was on offer.
Stretch clipped(const ComparedPhase& phase, const ComparedLoad& load);

/// The whole of both by phases, where they have the same ones; else as one part.
Parts parts_of(const ComparedLoad& a, const ComparedLoad& b);
/// Of objectives, by the phases of their loads.
Parts parts_of(const ComparedObjective& a, const ComparedLoad* load_a, const ComparedObjective& b,
               const ComparedLoad* load_b);

/// A stretch of one run, and into how many batches it is cut.
struct Cut {
  Stretch stretch;
  std::size_t batches = 1;
};
/// The cuts of one side: as many batches of each part as of the other side's.
std::vector<Cut> of_a(const Parts& parts);
std::vector<Cut> of_b(const Parts& parts);

/// A stretch of one load, in batches; each cut is a stratum.
struct Batches {
  std::vector<Histogram> response;
  BatchedCounts not_ok;     ///< Of due.
  BatchedCounts completed;  ///< Of seconds; all of one stratum.
  Histogram all;
  bool open = true;
};
Batches batches_over(const ComparedLoad& load, const std::vector<Cut>& cuts);

/// The bad samples of both; batches in which neither has any samples are left out.
std::pair<BatchedCounts, BatchedCounts> samples_over(const ComparedObjective& a,
                                                     const ComparedObjective& b,
                                                     const Parts& parts);

}  // namespace squall::reports
