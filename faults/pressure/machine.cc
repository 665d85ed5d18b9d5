#include "faults/pressure/machine.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "faults/pressure/cgroup.h"
#include "harness/base/reason.h"

namespace squall::faults {
namespace {

constexpr std::uint64_t kKiB = 1024;

std::string text_of(const char* file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The first whole number in `text`, which loses all up to behind it.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  const std::size_t start = text.find_first_of("0123456789");
  if (start == std::string_view::npos) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, failure] =
      std::from_chars(text.data() + start, text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (failure != std::errc{}) return std::nullopt;
  return number;
}

/// The value of a line "KEY:   NUMBER kB" in bytes.
std::optional<std::uint64_t> entry(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos || (at > 0 && text[at - 1] != '\n')) return std::nullopt;
  std::string_view line = text.substr(at, text.find('\n', at) - at);
  const auto number = take_number(line);
  if (!number || *number > UINT64_MAX / kKiB) return std::nullopt;
  return *number * kKiB;
}

Error last_error(const std::string& doing) { return error(static_cast<std::errc>(errno), doing); }

}  // namespace

std::optional<MemoryBound> read_meminfo(std::string_view text) {
  const auto total = entry(text, "MemTotal:");
  const auto available = entry(text, "MemAvailable:");
  if (!total || !available) return std::nullopt;
  return MemoryBound{.name = "the machine",
                     .total = *total,
                     .available = *available,
                     .reserve = machine_reserve(*total)};
}

std::optional<FileTable> read_file_nr(std::string_view text) {
  const auto used = take_number(text);
  const auto unused = take_number(text);
  const auto most = take_number(text);
  if (!used || !unused || !most) return std::nullopt;
  return FileTable{.used = *used, .most = *most};
}

Result<std::vector<MemoryBound>> memory_bounds() {
  auto machine = read_meminfo(text_of("/proc/meminfo"));
  if (!machine) return error(std::errc::not_supported, "read /proc/meminfo");
  std::vector<MemoryBound> bounds{*std::move(machine)};
  const auto folders = memory_cgroups(text_of("/proc/self/cgroup"));
  for (auto& bound : bounds_of(folders, bounds.front().total)) bounds.push_back(std::move(bound));
  return bounds;
}

Result<FileTable> file_table() {
  const auto table = read_file_nr(text_of("/proc/sys/fs/file-nr"));
  if (!table) return error(std::errc::not_supported, "read /proc/sys/fs/file-nr");
  return *table;
}

Result<DiskRoom> disk_room(const std::string& path) {
  struct statvfs room {};
  if (::statvfs(path.c_str(), &room) != 0) return last_error("look at the room of " + path);
  return DiskRoom{.used = (room.f_blocks - room.f_bfree) * room.f_frsize,
                  .available = room.f_bavail * room.f_frsize};
}

Result<UniqueFd> open_nameless(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file) return file;
  // open(2): what the kernel or the file system says that does not know of it.
  if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) {
    return reason(
        std::errc::not_supported,
        "the file system of " + path +
            " makes no files without a name (O_TMPFILE), so that something might be left");
  }
  return last_error("make a file in " + path);
}

bool is_in_memory(const std::string& path) {
  struct statfs system {};
  if (::statfs(path.c_str(), &system) != 0) return false;
  return system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC;
}

std::uint64_t resident_memory() {
  const std::string statm = text_of("/proc/self/statm");
  std::string_view rest = statm;
  take_number(rest);
  const long page = ::sysconf(_SC_PAGESIZE);
  return take_number(rest).value_or(0) * static_cast<std::uint64_t>(page > 0 ? page : 0);
}

std::string size_words(std::uint64_t bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g %s", value, kUnits.at(unit));
  return text.data();
}

std::string share_words(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%", 100 * share);
  return text.data();
}

}  // namespace squall::faults
