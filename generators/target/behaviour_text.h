#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "generators/target/behaviour.h"
#include "harness/base/result.h"

namespace squall::generators {

/// What `parse_behaviour_text` reads, for help texts.
inline constexpr std::string_view kBehaviourTextHelp =
    "PATH: service 10ms [constant|exponential|lognormal SIGMA], limit N, queue N, "
    "thrash 3% beyond N, from 60s limit N, from 60s service 20ms [...], "
    "errors 2% [STATUS], resets 1%, silence 1%, body 16KiB, status 200";

/// Reads a behaviour as it is written on the command line: a path prefix, a colon, and parts in any
/// order, separated by commas: `/slow: service 10ms exponential, limit 4, queue 100, errors 2%
/// 503`. `from` may come several times; its times, too, may come in any order. Units as in
/// scenarios: us ms s m, B KB MB GB KiB MiB GiB, shares `2%` or `0.02`.
Result<std::pair<std::string, Behaviour>> parse_behaviour_text(std::string_view text);

}  // namespace squall::generators
