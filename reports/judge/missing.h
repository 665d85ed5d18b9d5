#pragma once

#include <cstdint>
#include <string>

#include "generators/spec/load_spec.h"
#include "reports/judge/run_record.h"

namespace squall::reports {

/// What of a load is missing, as agents were lost.
struct MissingFigures {
  std::uint64_t due = 0;  ///< Requests of its schedule; 0 for a closed load.
  /// Of all its requests, those that are accounted for included; of a closed load, of the time of
  /// its users.
  double share = 0;
  std::string sentence;  ///< What, how much of how much is borne, and why; empty: nothing is.
};

MissingFigures missing_of(const generators::LoadSpec& load, const RunRecord& record);

}  // namespace squall::reports
