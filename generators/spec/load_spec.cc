#include "generators/spec/load_spec.h"

#include <algorithm>

namespace squall::generators {

Duration LoadSpec::length() const {
  if (const auto* closed = std::get_if<ClosedSpec>(&schedule)) return closed->length;
  if (const auto* replay = std::get_if<ReplaySpec>(&schedule)) return replay->length;
  Duration total{};
  for (const Stage& stage : std::get<OpenSpec>(schedule).stages) {
    total += std::min(stage.length, Duration::max() - total);  // Saturates, never overflows.
  }
  return total;
}

}  // namespace squall::generators
