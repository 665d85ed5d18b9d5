#pragma once

#include <string>
#include <vector>

#include "faults/spec/fault_spec.h"

namespace squall::cli {

/// What a fault on processes, of pressure, or on a link, would do and how that is undone: a line
/// for each step, as a shell would say it, where one could. PID, GROUP and the like stand for what
/// is known when it happens.
struct Steps {
  std::vector<std::string> lines;
  std::vector<std::string> undo_lines;  ///< Empty: it cannot be undone, or needs not be.
};

/// Pure; empty for a fault on a network, and of QUIC.
Steps steps_of(const faults::FaultSpec& spec);

}  // namespace squall::cli
