#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "scenarios/model/scenario.h"

namespace squall::coordinator {

/// Which of the agents that a fault's `on` matches (by their places among all agents, ascending)
/// inject it: as many as `safety.blast_radius` lets, its share rounded down. They are drawn by the
/// seed and the fault's name, so that a run can be had again, and are given ascending.
/// Errors: the share of so few is nobody; the trail says it all.
Result<std::vector<std::size_t>> within_blast_radius(const scenarios::SafetySpec& safety,
                                                     std::uint64_t seed, const std::string& fault,
                                                     std::vector<std::size_t> matched);

}  // namespace squall::coordinator
