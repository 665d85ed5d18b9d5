#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "faults/spec/pressure_spec.h"

namespace squall::faults {

/// Something that bounds memory: the machine, or a cgroup with a limit.
struct MemoryBound {
  std::string name;             ///< "the machine", "cgroup /sys/fs/cgroup/web".
  std::uint64_t total = 0;      ///< Bytes, as all that follow.
  std::uint64_t available = 0;  ///< Without anybody having to give some back.
  std::uint64_t reserve = 0;    ///< So much of it is left alone.
};

/// What the machine keeps: the last 5 %, and 128 MiB at least. Its other processes need it.
std::uint64_t machine_reserve(std::uint64_t total);
/// What a cgroup keeps: the last 5 % of its limit, and 16 MiB at least.
std::uint64_t cgroup_reserve(std::uint64_t limit);

/// How much is to be held of memory. A share is of the tightest bound, which is the first where
/// no cgroup is tighter; what is in use already counts.
std::uint64_t memory_goal(const MemoryPressure& asked, const std::vector<MemoryBound>& bounds);

/// The first bound that could never hold what is asked for, were all else to go; none: it may fit.
std::optional<MemoryBound> too_small_for(const MemoryPressure& asked,
                                         const std::vector<MemoryBound>& bounds);

/// How much should be held now, of which `held` is: towards `goal`, but never into a reserve. Less
/// than `held` when others need it.
std::uint64_t memory_to_hold(std::uint64_t held, std::uint64_t goal,
                             const std::vector<MemoryBound>& bounds);

/// A file system in bytes, as statvfs(3) tells.
struct DiskRoom {
  std::uint64_t used = 0;
  std::uint64_t available = 0;  ///< To those that are not root.

  /// As df has it: root's own part is left out.
  double used_share() const;
};

/// What is left free: 1 %, but not more than 64 MiB. Nothing when 100 % are asked for.
std::uint64_t disk_reserve(const DiskFillPressure& asked, const DiskRoom& room);

/// How much is to be taken.
std::uint64_t disk_goal(const DiskFillPressure& asked, const DiskRoom& room);

/// The machine's file table.
struct FileTable {
  std::uint64_t used = 0;
  std::uint64_t most = 0;  ///< fs.file-max.
};

/// How many files are to be held open.
std::uint64_t descriptors_goal(const DescriptorsPressure& asked, const FileTable& table);

/// How many of `goal` may be: of the file table 1 %, and 1024 at least, are left to others, and
/// `hard_limit` is what one process may have, of which `own` are needed otherwise.
std::uint64_t descriptors_to_hold(std::uint64_t goal, const FileTable& table,
                                  std::uint64_t hard_limit, std::uint64_t own);

}  // namespace squall::faults
