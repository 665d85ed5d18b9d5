#include "faults/pressure/cgroup.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>
#include <system_error>

#include <unistd.h>

namespace squall::faults {
namespace {

namespace fs = std::filesystem;

bool is_cgroup(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "cgroup.procs", ignored);
}

/// The number in `file`; none when there is no such file, or it says "max".
std::optional<std::uint64_t> number_in(const fs::path& file) {
  std::ifstream stream(file);
  std::string text;
  stream >> text;
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The value of `key` in a file of lines "KEY NUMBER".
std::uint64_t entry_in(const fs::path& file, std::string_view key) {
  std::ifstream stream(file);
  std::string word;
  std::uint64_t number = 0;
  while (stream >> word >> number) {
    if (word == key) return number;
  }
  return 0;
}

std::optional<MemoryBound> bound_of(const fs::path& folder, std::uint64_t machine_total) {
  const bool is_new = fs::exists(folder / "memory.current");
  const auto limit = number_in(folder / (is_new ? "memory.max" : "memory.limit_in_bytes"));
  const auto used = number_in(folder / (is_new ? "memory.current" : "memory.usage_in_bytes"));
  if (!limit || !used || *limit >= machine_total) return std::nullopt;
  // What the kernel reads from files again when it must is not lost to those that need memory.
  const std::uint64_t cache =
      entry_in(folder / "memory.stat", is_new ? "inactive_file" : "total_inactive_file");
  const std::uint64_t needed = *used > cache ? *used - cache : 0;
  return MemoryBound{.name = "cgroup " + folder.string(),
                     .total = *limit,
                     .available = *limit > needed ? *limit - needed : 0,
                     .reserve = cgroup_reserve(*limit)};
}

/// True when `controllers`, "cpu,cpuacct", has `controller`.
bool has_controller(std::string_view controllers, std::string_view controller) {
  while (!controllers.empty()) {
    const std::size_t comma = controllers.find(',');
    if (controllers.substr(0, comma) == controller) return true;
    controllers = comma == std::string_view::npos ? "" : controllers.substr(comma + 1);
  }
  return false;
}

}  // namespace

Result<fs::path> find_cgroup(const std::string& cgroup, std::string_view controller,
                             const fs::path& root) {
  std::vector<fs::path> places;
  if (cgroup.starts_with('/')) places.emplace_back(cgroup);
  const fs::path below = fs::path(cgroup).relative_path();
  std::error_code ignored;
  for (const auto& mount : fs::directory_iterator(root, ignored)) {
    if (has_controller(mount.path().filename().string(), controller)) {
      places.push_back(mount.path() / below);
    }
  }
  places.push_back(root / below);
  places.push_back(root / "unified" / below);
  const auto found = std::find_if(places.begin(), places.end(), is_cgroup);
  if (found == places.end()) {
    return error(
        std::errc::no_such_file_or_directory,
        "cgroup " + cgroup + " (there is no cgroup.procs at it, nor below " + root.string() + ")");
  }
  if (::access((*found / "cgroup.procs").c_str(), W_OK) != 0) {
    return error(static_cast<std::errc>(errno), "put a process into cgroup " + found->string());
  }
  return found->lexically_normal();
}

Result<void> join_cgroup(const fs::path& folder) {
  errno = 0;
  std::ofstream procs(folder / "cgroup.procs");
  procs << ::getpid() << std::flush;
  if (procs) return {};
  return error(errno == 0 ? std::errc::io_error : static_cast<std::errc>(errno),
               "put a process into cgroup " + folder.string());
}

std::vector<fs::path> memory_cgroups(std::string_view membership, const fs::path& root) {
  // Lines "NUMBER:CONTROLLERS:PATH"; that of version 2 is "0::PATH" (cgroups(7)).
  std::vector<fs::path> folders;
  const auto add_from = [&](const fs::path& mount, std::string_view path) {
    for (fs::path at = (mount / fs::path(path).relative_path()).lexically_normal();;
         at = at.parent_path()) {
      if (is_cgroup(at)) folders.push_back(at);
      if (at == mount || !at.has_relative_path() || at.string().size() <= mount.string().size()) {
        break;
      }
    }
  };
  while (!membership.empty()) {
    const std::size_t end = membership.find('\n');
    const std::string_view line = membership.substr(0, end);
    membership = end == std::string_view::npos ? "" : membership.substr(end + 1);
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string_view path = line.substr(second + 1);
    if (has_controller(controllers, "memory")) add_from(root / "memory", path);
    if (controllers.empty()) add_from(root, path);
  }
  return folders;
}

std::vector<MemoryBound> bounds_of(const std::vector<fs::path>& folders,
                                   std::uint64_t machine_total) {
  std::vector<MemoryBound> bounds;
  for (const fs::path& folder : folders) {
    if (auto bound = bound_of(folder, machine_total)) bounds.push_back(*std::move(bound));
  }
  return bounds;
}

}  // namespace squall::faults
