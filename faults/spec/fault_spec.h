#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "faults/spec/link_spec.h"
#include "harness/base/units.h"

namespace squall::faults {

/// Which processes a fault means. Exactly one of these is given.
struct ProcessMatch {
  std::optional<std::string> service;       ///< A service of the scenario ("web") or one ("web.1").
  std::optional<std::string> pid_file;      ///< A file that holds a pid.
  std::optional<std::string> name;          ///< The kernel's name of the process (comm).
  std::optional<std::string> command_line;  ///< Text which the command line contains.
  std::optional<std::uint16_t> listening;   ///< A TCP or UDP port on which it listens.
  std::optional<std::string> unit;          ///< A systemd unit.
  std::optional<std::string> cgroup;        ///< A cgroup path.
  std::optional<std::string> container;     ///< A container id.
};

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

/// Which traffic a network fault touches; empty lists mean all.
struct TrafficFilter {
  std::vector<std::string> cidrs;
  std::vector<std::uint16_t> ports;
  std::optional<std::string> transport;  ///< "tcp", "udp" or "icmp".
};

/// Something done to packets.
struct NetworkFault {
  enum class Direction { kOut, kIn, kBoth };
  std::optional<std::string> interface;
  std::optional<ProcessMatch> namespace_of;  ///< In the network namespace of this process.
  Direction direction = Direction::kOut;
  std::optional<TrafficFilter> to;
  std::optional<TrafficFilter> from;
  std::optional<Duration> delay;
  std::optional<Duration> jitter;
  std::optional<std::string> distribution;  ///< "normal", "pareto", "uniform".
  std::optional<Share> loss;
  std::optional<Share> duplicate;
  std::optional<Share> corrupt;
  std::optional<Share> reorder;
  std::optional<double> rate_bits_per_second;
  bool partition = false;
  std::optional<std::string> reject;  ///< "reset" or "unreachable".
};

/// Pressure on a resource of the machine or of a cgroup. Parsed; carried out by a later version.
struct PressureFault {
  std::string resource;  ///< "cpu", "memory", "io", "disk_fill" or "descriptors".
  std::map<std::string, std::string> settings;
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
  std::variant<ProcessFault, NetworkFault, LinkFault, PressureFault> what;
};

}  // namespace squall::faults
