#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "faults/spec/process_match.h"
#include "harness/base/units.h"

namespace squall::faults {

/// Keeps processors busy.
struct CpuPressure {
  Share share{};                         ///< Of one core, by each worker.
  std::optional<std::uint64_t> workers;  ///< None: one for each core that the agent may use.
  std::optional<std::string> cgroup;     ///< Presses inside this one.

  bool operator==(const CpuPressure&) const = default;
};

/// Holds memory. Exactly one of `size` and `share` is given.
struct MemoryPressure {
  std::optional<Bytes> size;
  std::optional<Share> share;  ///< So much of the machine's, or the cgroup's, is in use then.
  std::optional<std::string> cgroup;

  bool operator==(const MemoryPressure&) const = default;
};

/// Keeps a disk busy: each worker writes into a file without a name and waits until it is on disk.
struct IoPressure {
  std::string path;  ///< A folder of the file system.
  std::uint64_t workers = 1;
  Bytes size{std::uint64_t{16} << 20U};  ///< Of each worker's file, which it writes over and over.
  std::optional<std::string> cgroup;

  bool operator==(const IoPressure&) const = default;
};

/// Takes room of a file system by a file without a name. Exactly one of `size` and `share` is
/// given.
struct DiskFillPressure {
  std::string path;  ///< A folder of the file system.
  std::optional<Bytes> size;
  std::optional<Share> share;  ///< So much of it is in use then, as df counts.

  bool operator==(const DiskFillPressure&) const = default;
};

/// Holds files open, or lowers how many some processes may open. Exactly one of `count` and `share`
/// is given.
struct DescriptorsPressure {
  std::optional<std::uint64_t> count;  ///< So many are held open, or so many fewer may be.
  /// So much of the machine's file table (fs.file-max), or of the process's limit, is in use then.
  std::optional<Share> share = std::nullopt;
  std::optional<ProcessMatch> of = std::nullopt;  ///< Whose limit; none: the machine's table.

  bool operator==(const DescriptorsPressure&) const = default;
};

/// Pressure on a resource of the machine or of a cgroup, by a process that presses.
struct PressureFault {
  std::variant<CpuPressure, MemoryPressure, IoPressure, DiskFillPressure, DescriptorsPressure> what;

  bool operator==(const PressureFault&) const = default;
  /// As the language calls it.
  std::string_view resource() const {
    constexpr std::array<std::string_view, 5> kNames{"cpu", "memory", "io", "disk_fill",
                                                     "descriptors"};
    return kNames.at(what.index());
  }
};

}  // namespace squall::faults
