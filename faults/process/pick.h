#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "faults/spec/fault_spec.h"

namespace squall::faults {

/// Chooses among `count` things: their indices, ascending. The same seed chooses the same. A share
/// is rounded up, so that it is never nothing; a count above `count` is all.
std::vector<std::size_t> choose(const Pick& pick, std::size_t count, std::uint64_t seed);

}  // namespace squall::faults
