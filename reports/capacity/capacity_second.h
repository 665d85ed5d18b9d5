#pragma once

#include <cstdint>
#include <vector>

#include "harness/base/units.h"
#include "reports/measure/histogram.h"

namespace squall::reports {

/// What a second of the searched load came to, when the fate of its requests is known.
struct CapacitySecond {
  std::int64_t second = 0;
  std::uint64_t step = 0;  ///< CapacitySearch::step() of the rate that was offered in all of it.
  double sent = 0;
  double ok = 0;  ///< Answers that came in this second.
  Histogram response;
  Duration service{};  ///< The mean time from sending to the end; zero: nothing has ended.
  struct Count {
    double samples = 0;
    double bad = 0;
  };
  std::vector<Count> goals;        ///< As many as CapacityOptions::goals.
  bool is_generator_late = false;  ///< What was due waited for the generator.
};

}  // namespace squall::reports
