#include "faults/process/procfs_table.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include <sys/resource.h>

#include "faults/process/pidfd.h"
#include "faults/process/procfs_file.h"
#include "faults/process/procfs_text.h"
#include "harness/base/unique_fd.h"

namespace squall::faults {
namespace {

namespace fs = std::filesystem;

Error last_error(std::string_view doing) { return error(static_cast<std::errc>(errno), doing); }

Error gone(pid_t pid) {
  return error(std::errc::no_such_process, "process " + std::to_string(pid));
}

std::string directory_of(pid_t pid) { return "/proc/" + std::to_string(pid); }

std::optional<pid_t> pid_from(const std::string& name) {
  pid_t pid = 0;
  const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (code != std::errc{} || end != name.data() + name.size()) return {};
  return pid;
}

Result<std::vector<pid_t>> all_pids() {
  std::vector<pid_t> pids;
  std::error_code trouble;
  fs::directory_iterator at("/proc", trouble);
  for (; !trouble && at != fs::directory_iterator(); at.increment(trouble)) {
    if (const auto pid = pid_from(at->path().filename().string())) pids.push_back(*pid);
  }
  if (trouble) return Error{trouble, "list /proc"};
  return pids;
}

std::set<std::uint64_t> sockets_of(pid_t pid) {
  std::set<std::uint64_t> sockets;
  std::error_code trouble;  // A process that ends meanwhile, or is another user's, holds none.
  fs::directory_iterator at(directory_of(pid) + "/fd", trouble);
  for (; !trouble && at != fs::directory_iterator(); at.increment(trouble)) {
    std::error_code closed;
    const fs::path link = fs::read_symlink(at->path(), closed);
    if (closed) continue;
    if (const auto inode = parse_socket_link(link.native())) sockets.insert(*inode);
  }
  return sockets;
}

bool holds_a_socket_of(pid_t pid, const std::set<std::uint64_t>& inodes) {
  const auto sockets = sockets_of(pid);
  return std::any_of(sockets.begin(), sockets.end(),
                     [&](std::uint64_t inode) { return inodes.contains(inode); });
}

}  // namespace

Result<ProcessInfo> ProcfsTable::look_up(pid_t pid) {
  const auto stat = read_proc_file(directory_of(pid) + "/stat");
  if (!stat) {
    const std::error_code code = stat.error().code;  // ESRCH: it ended between open and read.
    if (code == std::errc::no_such_file_or_directory || code == std::errc::no_such_process) {
      return gone(pid);
    }
    return stat.error();
  }
  auto info = parse_stat(*stat);
  if (!info) return error(std::errc::bad_message, "read " + directory_of(pid) + "/stat");
  if (auto arguments = read_proc_file(directory_of(pid) + "/cmdline")) {
    while (!arguments->empty() && arguments->back() == '\0') arguments->pop_back();
    std::replace(arguments->begin(), arguments->end(), '\0', ' ');
    info->command_line = *std::move(arguments);
  }
  return *std::move(info);
}

Result<ProcessInfo> ProcfsTable::look_at(ProcessId id) {
  SQUALL_TRY(auto info, look_up(id.pid));
  if (info.id != id) return gone(id.pid);
  return info;
}

Result<std::vector<ProcessInfo>> ProcfsTable::list() {
  SQUALL_TRY(const auto pids, all_pids());
  std::vector<ProcessInfo> all;
  all.reserve(pids.size());
  for (const pid_t pid : pids) {
    auto info = look_up(pid);
    if (is_gone(info)) continue;
    if (!info) return std::move(info).error().within("list processes");
    all.push_back(*std::move(info));
  }
  std::sort(all.begin(), all.end(),
            [](const ProcessInfo& a, const ProcessInfo& b) { return a.id < b.id; });
  return all;
}

Result<std::vector<ProcessId>> ProcfsTable::listening_on(std::uint16_t port) {
  std::set<std::uint64_t> inodes;
  for (const std::string_view table : {"tcp", "tcp6", "udp", "udp6"}) {
    const auto text = read_proc_file("/proc/net/" + std::string(table));
    if (!text && text.error().code == std::errc::no_such_file_or_directory) continue;  // No IPv6.
    if (!text) return text.error();
    inodes.merge(parse_listening(*text, port, table.starts_with("udp")));
  }
  std::vector<ProcessId> found;
  if (inodes.empty()) return found;
  SQUALL_TRY(const auto all, list());
  for (const ProcessInfo& one : all) {
    if (holds_a_socket_of(one.id.pid, inodes)) found.push_back(one.id);
  }
  return found;
}

Result<std::vector<BoundPort>> ProcfsTable::ports_of(ProcessId id) {
  const auto sockets = sockets_of(id.pid);
  std::set<BoundPort> found;
  for (const std::string table : {"tcp", "tcp6", "udp", "udp6"}) {
    const auto text = read_proc_file(directory_of(id.pid) + "/net/" + table);
    if (!text && text.error().code == std::errc::no_such_file_or_directory) continue;  // No IPv6.
    if (!text) return text.error();
    for (const auto& [inode, port] : parse_listening(*text, table.starts_with("udp"))) {
      if (sockets.contains(inode)) found.insert({table.substr(0, 3), port});
    }
  }
  // Only now: had the pid been given away before, this look sees the newcomer.
  if (const auto now = look_at(id); !now) return now.error();
  return std::vector<BoundPort>(found.begin(), found.end());
}

Result<void> ProcfsTable::signal(ProcessId id, int signal) {
  const UniqueFd process = open_pidfd(id.pid);
  if (!process) return errno == ESRCH ? gone(id.pid) : last_error("open a pidfd");
  // Only now: had the pid been given away before the open, this look sees the newcomer.
  if (const auto now = look_at(id); !now) return now.error();
  if (send_signal(process, signal)) return {};
  if (errno == ESRCH) return gone(id.pid);
  return last_error("signal process " + std::to_string(id.pid));
}

Result<FilesLimit> ProcfsTable::files_limit(ProcessId id) {
  rlimit limit{};
  if (::prlimit(id.pid, RLIMIT_NOFILE, nullptr, &limit) != 0) {
    return errno == ESRCH ? gone(id.pid) : last_error("read the limit of open files");
  }
  FilesLimit found{.soft = limit.rlim_cur, .hard = limit.rlim_max, .open = 0};
  std::error_code trouble;
  fs::directory_iterator at(directory_of(id.pid) + "/fd", trouble);
  for (; !trouble && at != fs::directory_iterator(); at.increment(trouble)) ++found.open;
  // Only now: had the pid been given away before, this look sees the newcomer.
  if (const auto now = look_at(id); !now) return now.error();
  if (trouble) return Error{trouble, "list the open files"};
  return found;
}

Result<FilesLimit> ProcfsTable::files_bounds(ProcessId id) {
  const auto text = read_proc_file(directory_of(id.pid) + "/limits");
  // Only now: had the pid been given away before, this look sees the newcomer.
  if (const auto now = look_at(id); !now) return now.error();
  if (!text) return text.error();
  if (text->empty()) return gone(id.pid);  // It is just ending.
  if (const auto limit = parse_files_limit(*text)) return *limit;
  return error(std::errc::bad_message, "read " + directory_of(id.pid) + "/limits");
}

Result<void> ProcfsTable::limit_files(ProcessId id, std::uint64_t soft) {
  rlimit limit{};
  if (::prlimit(id.pid, RLIMIT_NOFILE, nullptr, &limit) != 0) {
    return errno == ESRCH ? gone(id.pid) : last_error("read the limit of open files");
  }
  limit.rlim_cur = std::min<rlim_t>(soft, limit.rlim_max);
  // There is no prlimit by pidfd: a pid that is given away between this look and the call could be
  // hit, a moment too short for a start of a process with all pids in between.
  if (const auto now = look_at(id); !now) return now.error();
  if (::prlimit(id.pid, RLIMIT_NOFILE, &limit, nullptr) == 0) return {};
  return errno == ESRCH ? gone(id.pid) : last_error("set the limit of open files");
}

void ProcfsTable::pause(Duration length) { std::this_thread::sleep_for(length); }

}  // namespace squall::faults
