#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/result.h"

namespace squall::stand_in {

[[noreturn]] inline void give_up(const Error& why) {
  std::fprintf(stderr, "agent stand-in: %s\n", why.message().c_str());
  std::exit(1);
}

template <typename T>
T must(Result<T> result) {
  if (!result) give_up(result.error());
  return *std::move(result);
}

inline void must(Result<void> result) {
  if (!result) give_up(result.error());
}

/// One line on stdout.
inline void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

/// Carries out the faults of a scenario as an agent does, without its load:
///
///   JOURNAL SCENARIO [--no-reaper] [--orderly] [--die-before CALL]
///
/// Says "reaper PID", "service PID" of the first that there is, "failed NAME: WHY" of a fault that
/// could not be, and "in force" once all have come; then waits for TERM, unless it is orderly, and
/// ends. `program` is its reaper, and who presses.
int run(const std::string& program, const std::vector<std::string>& words);

}  // namespace squall::stand_in
