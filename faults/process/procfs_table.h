#pragma once

#include <cstdint>
#include <vector>

#include "faults/process/kernel_cgroups.h"
#include "faults/process/process_table.h"

namespace squall::faults {

/// The processes of this machine, by /proc and pidfds.
///
/// A signal goes through a pidfd whose process was looked at again after it was opened, so that a
/// pid that was given to another process meanwhile is never hit. listening_on() sees this
/// process's own network namespace and, without root, only processes of the same user.
///
/// Lifecycle:  stateless.
/// Threads:    any.
/// Errors:     as ProcessTable says.
class ProcfsTable : public ProcessTable {
 public:
  Result<std::vector<ProcessInfo>> list() override;
  Result<ProcessInfo> look_at(ProcessId id) override;
  Result<ProcessInfo> look_up(pid_t pid) override;
  Result<std::vector<ProcessId>> listening_on(std::uint16_t port) override;
  Result<std::vector<BoundPort>> ports_of(ProcessId id) override;
  Result<void> signal(ProcessId id, int signal) override;
  Result<FilesLimit> files_limit(ProcessId id) override;
  Result<FilesLimit> files_bounds(ProcessId id) override;
  Result<void> limit_files(ProcessId id, std::uint64_t soft) override;
  void pause(Duration length) override;
  Cgroups& cgroups() override { return cgroups_; }

 private:
  KernelCgroups cgroups_;
};

}  // namespace squall::faults
