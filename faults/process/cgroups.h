#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "harness/base/result.h"

namespace squall::faults {

/// The control groups of this machine, as far as faults need them: folders with files (cgroups(7)).
///
/// Cut this small so that tests can stand in for it (tests/support/fake_cgroups.h).
///
/// Lifecycle:  outlives all who hold a reference to it.
/// Threads:    the real one may be used by any thread.
/// Errors:     no_such_file_or_directory and no_such_process are answers; all else is the kernel's
///             refusal.
class Cgroups {
 public:
  Cgroups() = default;
  Cgroups(const Cgroups&) = delete;
  Cgroups& operator=(const Cgroups&) = delete;
  virtual ~Cgroups() = default;

  /// What /proc/self/mountinfo says, in which the hierarchies are.
  virtual Result<std::string> mounts() = 0;
  /// What /proc/PID/cgroup says; no_such_process when there is no such process.
  virtual Result<std::string> membership_of(pid_t pid) = 0;
  virtual Result<std::string> read(const std::filesystem::path& file) = 0;
  /// Writes to a file of a group; refuses any file that is not the kernel's.
  virtual Result<void> write(const std::filesystem::path& file, std::string_view text) = 0;
  /// Makes a group below one that is there.
  virtual Result<void> make(const std::filesystem::path& folder) = 0;
  /// Removes a group that holds neither processes nor other groups.
  virtual Result<void> remove(const std::filesystem::path& folder) = 0;
  /// The groups right below `folder`.
  virtual Result<std::vector<std::filesystem::path>> groups_in(
      const std::filesystem::path& folder) = 0;
};

}  // namespace squall::faults
