#pragma once

#include <string>
#include <vector>

#include "faults/spec/pressure_spec.h"
#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::faults {

/// What a process that presses is told on its command line.
struct PressureOrder {
  PressureFault fault;
  Duration length{};  ///< It ends by itself after this, whatever has become of its agent.

  bool operator==(const PressureOrder&) const = default;
};

/// "cpu", "length_ns=5000000000", "share=0.8", …: what follows `squall pressure`.
std::vector<std::string> words_of(const PressureOrder& order);

/// Back; says which word is wrong.
Result<PressureOrder> read_order(const std::vector<std::string>& words);

}  // namespace squall::faults
