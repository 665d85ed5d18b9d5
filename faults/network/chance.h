#pragma once

#include <cstdint>

#include "faults/spec/link_spec.h"

namespace squall::faults {

// How likely counts are. All are pure, and any thread may call them.

/// That of `trials`, each a hit with the probability `share`, at most `hits` are hits.
double chance_of_at_most(std::uint64_t hits, std::uint64_t trials, double share);
/// That at least `hits` are.
double chance_of_at_least(std::uint64_t hits, std::uint64_t trials, double share);

/// That of `trials` packets a Gilbert-Elliott chain loses at most, or at least, so many. What is
/// told is an upper bound: its first state is the one in which that is likeliest, and between two
/// of these packets none, one, or very many others may have moved it.
double chance_of_at_most(std::uint64_t hits, std::uint64_t trials, const GilbertElliott& chain);
double chance_of_at_least(std::uint64_t hits, std::uint64_t trials, const GilbertElliott& chain);

}  // namespace squall::faults
