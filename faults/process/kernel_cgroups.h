#pragma once

#include "faults/process/cgroups.h"

namespace squall::faults {

/// The control groups of this machine, by the file systems of the kernel.
///
/// Lifecycle:  stateless.
/// Threads:    any.
/// Errors:     as Cgroups says. What is no folder of a file system for control groups is refused
///             with invalid_argument, so that no journal can ask to change anything else.
class KernelCgroups : public Cgroups {
 public:
  Result<std::string> mounts() override;
  Result<std::string> membership_of(pid_t pid) override;
  Result<std::string> read(const std::filesystem::path& file) override;
  Result<void> write(const std::filesystem::path& file, std::string_view text) override;
  Result<void> make(const std::filesystem::path& folder) override;
  Result<void> remove(const std::filesystem::path& folder) override;
  Result<std::vector<std::filesystem::path>> groups_in(
      const std::filesystem::path& folder) override;
};

}  // namespace squall::faults
