#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults/pressure/sizing.h"
#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

namespace squall::faults {

/// The machine as a bound of memory, from the text of /proc/meminfo; none when it does not tell.
std::optional<MemoryBound> read_meminfo(std::string_view text);

/// The file table, from the texts of /proc/sys/fs/file-nr ("USED 0 MOST").
std::optional<FileTable> read_file_nr(std::string_view text);

/// All that bounds this process's memory now: the machine first, then its cgroups.
Result<std::vector<MemoryBound>> memory_bounds();

/// The machine's file table now.
Result<FileTable> file_table();

/// The room in the file system of `path`.
Result<DiskRoom> disk_room(const std::string& path);

/// A new file in the file system of the folder `path` that never has a name (O_TMPFILE), so that
/// nothing is left when its process ends. Says so where the file system cannot do that.
Result<UniqueFd> open_nameless(const std::string& path);

/// True when what is written to `path` never gets to a disk (tmpfs, ramfs).
bool is_in_memory(const std::string& path);

/// This process's memory that is really there, in bytes; 0 when it cannot be read.
std::uint64_t resident_memory();

/// "512 MiB", "1.5 GiB".
std::string size_words(std::uint64_t bytes);

/// "80.1 %".
std::string share_words(double share);

}  // namespace squall::faults
