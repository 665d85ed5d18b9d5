#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "faults/spec/link_spec.h"
#include "faults/spec/network_spec.h"
#include "faults/spec/pressure_spec.h"
#include "faults/spec/process_match.h"
#include "faults/spec/quic_spec.h"
#include "harness/base/units.h"

namespace squall::faults {

/// How many of the matching processes: a count, a share, or all (neither given).
struct Pick {
  std::optional<std::uint64_t> count;
  std::optional<Share> share;
};

/// Something done to processes.
struct ProcessFault {
  enum class Action { kSignal, kRestart, kHang };
  Action action = Action::kSignal;
  int signal = 0;  ///< For kSignal. SIGSTOP is undone by SIGCONT; others cannot be undone.
  ProcessMatch match;
  Pick pick;
};

/// When a fault begins. Exactly one of `at`, `after`, `every` is given.
struct FaultStart {
  std::optional<Duration> at;        ///< From the start of the load.
  std::optional<std::string> after;  ///< The name of the fault whose end it waits for,
  Duration after_delay{};            ///< and how long after that end.
  std::optional<Duration> every;     ///< At this, twice this, …, while the load lasts.
};

/// On for a while, off for a while, within the fault's length.
struct Pulse {
  Duration on{};
  Duration off{};
};

/// One named disturbance.
struct FaultSpec {
  std::string name;
  FaultStart start;
  std::optional<Duration> length;  ///< None only for what has no length, such as a KILL.
  std::optional<Pulse> pulse;
  std::map<std::string, std::string> on;  ///< Labels of the agents; empty: the one local agent.
  bool autonomous = false;                ///< May cut the control path; ends by its own time alone.
  std::variant<ProcessFault, NetworkFault, LinkFault, PressureFault, QuicFault> what;
};

}  // namespace squall::faults
