#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace squall::faults {

/// Which processes a fault means. Exactly one of these is given.
struct ProcessMatch {
  std::optional<std::string> service;       ///< A service of the scenario ("web") or one ("web.1").
  std::optional<std::uint64_t> pid;         ///< A process, as the agent's machine numbers them.
  std::optional<std::string> pid_file;      ///< A file that holds a pid.
  std::optional<std::string> name;          ///< The kernel's name of the process (comm).
  std::optional<std::string> command_line;  ///< Text which the command line contains.
  std::optional<std::uint16_t> listening;   ///< A TCP or UDP port on which it listens.
  std::optional<std::string> unit;          ///< A systemd unit, such as nginx.service.
  std::optional<std::string> cgroup;        ///< A cgroup path.
  std::optional<std::string> container;     ///< A container's id, its beginning, or a name.

  bool operator==(const ProcessMatch&) const = default;
};

}  // namespace squall::faults
