#include "faults/process/procfs_text.h"

#include <charconv>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace squall::faults {
namespace {

constexpr std::uint64_t kKernelThreadFlag = 0x00200000;  // PF_KTHREAD, linux/sched.h

/// The whole of `text` as a number, or none.
template <typename Number>
std::optional<Number> number(std::string_view text, int base = 10) {
  Number value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (code != std::errc{} || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

std::vector<std::string_view> words(std::string_view text) {
  constexpr std::string_view kBlank = " \t\n";
  std::vector<std::string_view> found;
  for (std::size_t at = text.find_first_not_of(kBlank); at != std::string_view::npos;) {
    const std::size_t end = text.find_first_of(kBlank, at);
    found.push_back(text.substr(at, end - at));
    at = end == std::string_view::npos ? end : text.find_first_not_of(kBlank, end);
  }
  return found;
}

}  // namespace

std::optional<ProcessInfo> parse_stat(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return {};
  const auto before = words(text.substr(0, open));
  const auto after = words(text.substr(close + 1));  // Field 3 of proc(5) is after[0].
  if (before.size() != 1 || after.size() < 20 || after[0].size() != 1) return {};

  const auto pid = number<pid_t>(before[0]);
  const auto parent = number<pid_t>(after[1]);
  const auto group = number<pid_t>(after[2]);
  const auto session = number<pid_t>(after[3]);
  const auto flags = number<std::uint64_t>(after[6]);
  const auto start_ticks = number<std::uint64_t>(after[19]);
  if (!pid || !parent || !group || !session || !flags || !start_ticks) return {};

  ProcessInfo info;
  info.id = {*pid, *start_ticks};
  info.parent = *parent;
  info.group = *group;
  info.session = *session;
  info.state = after[0].front();
  info.is_kernel_thread = (*flags & kKernelThreadFlag) != 0;
  info.name = std::string(text.substr(open + 1, close - open - 1));
  return info;
}

std::optional<FilesLimit> parse_files_limit(std::string_view text) {
  constexpr std::string_view kName = "Max open files ";
  const std::size_t at = text.find(kName);
  if (at == std::string_view::npos || (at > 0 && text[at - 1] != '\n')) return {};
  text.remove_prefix(at + kName.size());
  const auto fields = words(text.substr(0, text.find('\n')));
  if (fields.size() < 2) return {};
  const auto bound = [](std::string_view word) {
    if (word == "unlimited") return std::optional(std::numeric_limits<std::uint64_t>::max());
    return number<std::uint64_t>(word);
  };
  const auto soft = bound(fields[0]);
  const auto hard = bound(fields[1]);
  if (!soft || !hard) return {};
  return FilesLimit{.soft = *soft, .hard = *hard, .open = 0};
}

std::map<std::uint64_t, std::uint16_t> parse_listening(std::string_view text, bool udp) {
  // include/net/tcp_states.h: TCP_LISTEN is 0A, and an unconnected UDP socket is TCP_CLOSE, 07.
  const std::string_view wanted = udp ? "07" : "0A";
  std::map<std::uint64_t, std::uint16_t> ports;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const auto fields = words(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (fields.size() < 10 || fields[3] != wanted) continue;
    const std::size_t colon = fields[1].rfind(':');
    if (colon == std::string_view::npos) continue;
    const auto local = number<std::uint16_t>(fields[1].substr(colon + 1), 16);
    const auto inode = number<std::uint64_t>(fields[9]);
    if (local && inode && *inode != 0) ports.emplace(*inode, *local);
  }
  return ports;
}

std::set<std::uint64_t> parse_listening(std::string_view text, std::uint16_t port, bool udp) {
  std::set<std::uint64_t> inodes;
  for (const auto& [inode, local] : parse_listening(text, udp)) {
    if (local == port) inodes.insert(inode);
  }
  return inodes;
}

std::optional<std::uint64_t> parse_socket_link(std::string_view link) {
  constexpr std::string_view kBefore = "socket:[";
  if (!link.starts_with(kBefore) || !link.ends_with(']')) return {};
  return number<std::uint64_t>(link.substr(kBefore.size(), link.size() - kBefore.size() - 1));
}

}  // namespace squall::faults
