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

namespace squall::faults {

/// A program about to be started.
struct Command {
  std::filesystem::path program;
  std::vector<std::string> arguments = {};              ///< With the program's own name first.
  std::map<std::string, std::string> environment = {};  ///< Added to this process's own.
  std::filesystem::path directory;
  std::filesystem::path log;  ///< stdout and stderr are appended to it.
  /// This descriptor is the program's kInheritedLine; -1: it has none.
  int line = -1;
  /// It is a part of this process: KILL comes to it when the thread that started it ends
  /// (PR_SET_PDEATHSIG), and it stays in this session, in a process group of its own.
  bool is_companion = false;
};

/// The number under which a program that was started with a line has it.
inline constexpr int kInheritedLine = 3;

/// A process that was started.
struct Spawned {
  ProcessId id;
  UniqueFd pidfd;
};

/// Starts `command` in a session of its own (a companion: in a group of its own), with no
/// descriptor but 0 to 2 and its line, and with default signals.
///
/// The new process does nothing before `on_born` has returned success, which is where it is written
/// to the journal; when `on_born` fails, or this process dies meanwhile, it ends by itself.
/// Any thread. Fails also when the program cannot be executed.
Result<Spawned> spawn(const Command& command, ProcessTable& table,
                      const std::function<Result<void>(ProcessId)>& on_born);

}  // namespace squall::faults
