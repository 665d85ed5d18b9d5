#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "faults/pressure/sizing.h"
#include "harness/base/result.h"

namespace squall::faults {

/// Where cgroups are mounted.
inline constexpr const char* kCgroupRoot = "/sys/fs/cgroup";

/// What version 1 calls the controller by which a cgroup bounds this.
constexpr std::string_view controller_of(const CpuPressure&) { return "cpu"; }
constexpr std::string_view controller_of(const MemoryPressure&) { return "memory"; }
constexpr std::string_view controller_of(const IoPressure&) { return "blkio"; }

/// The folder of `cgroup`, and that a process can be put there. A path to a folder of the kernel's
/// is taken as it is; any other is looked for below `root`, with version 1 among those of
/// `controller` ("cpu", "memory", "blkio"), with version 2 in the one tree.
Result<std::filesystem::path> find_cgroup(const std::string& cgroup, std::string_view controller,
                                          const std::filesystem::path& root = kCgroupRoot);

/// Puts this process there, with all its threads.
Result<void> join_cgroup(const std::filesystem::path& folder);

/// The folders that bound this process's memory, the innermost first, up to below `root`; those
/// that cannot be seen from here are left out. `membership` is the text of /proc/self/cgroup.
std::vector<std::filesystem::path> memory_cgroups(std::string_view membership,
                                                  const std::filesystem::path& root = kCgroupRoot);

/// The bounds that `folders` set, versions 1 and 2; a folder without a limit sets none.
std::vector<MemoryBound> bounds_of(const std::vector<std::filesystem::path>& folders,
                                   std::uint64_t machine_total);

}  // namespace squall::faults
