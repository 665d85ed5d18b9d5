#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "faults/process/process_table.h"
#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

namespace squall::services {

/// A program about to be started.
struct Command {
  std::filesystem::path program;
  std::vector<std::string> arguments;              ///< With the program's own name first.
  std::map<std::string, std::string> environment;  ///< Added to this process's own.
  std::filesystem::path directory;
  std::filesystem::path log;  ///< stdout and stderr are appended to it.
};

/// A process that was started.
struct Spawned {
  faults::ProcessId id;
  UniqueFd pidfd;
};

/// Starts `command` in a session of its own, with no descriptor but 0 to 2 and default signals.
///
/// The new process does nothing before `on_born` has returned success, which is where it is written
/// to the journal; when `on_born` fails, or this process dies meanwhile, it ends by itself.
/// Any thread. Fails also when the program cannot be executed.
Result<Spawned> spawn(const Command& command, faults::ProcessTable& table,
                      const std::function<Result<void>(faults::ProcessId)>& on_born);

}  // namespace squall::services
