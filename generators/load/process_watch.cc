#include "generators/load/process_watch.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace squall::generators {
namespace {

using namespace std::chrono_literals;

// What differs by less is the time between two readings, or a clock that is being slewed.
constexpr Duration kClockNoise = 10ms;

std::optional<std::int64_t> number_at(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failed == std::errc{} && number >= 0 ? std::optional(number) : std::nullopt;
}

/// The text after the first `separator`; empty when there is none.
std::string_view after(std::string_view text, char separator) {
  const auto at = text.find(separator);
  return at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
}

template <typename Visit>
void for_each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    visit(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
}

std::optional<std::string> text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

/// "cpu,cpuacct" has "cpu".
bool has_cpu(std::string_view controllers) {
  while (!controllers.empty()) {
    if (controllers.substr(0, controllers.find(',')) == "cpu") return true;
    controllers = after(controllers, ',');
  }
  return false;
}

/// The sum over the cgroups that hold the process: any of them may have a quota.
std::optional<Duration> throttled_so_far() {
  const auto cgroups = text_of("/proc/self/cgroup");
  if (!cgroups) return std::nullopt;
  std::optional<Duration> sum;
  for (const auto& path : cpu_stat_files(*cgroups, "/sys/fs/cgroup")) {
    const auto text = text_of(path);
    const auto throttled = text ? throttled_in(*text) : std::nullopt;
    if (throttled) sum = sum.value_or(Duration{}) + *throttled;
  }
  return sum;
}

/// A socket address as bytes that can be compared; of the local one the port is left out.
std::string key_of(const sockaddr_storage& address, bool with_port) {
  std::string key;
  const auto append = [&key](const auto& part) {
    std::array<char, sizeof(part)> bytes{};
    std::memcpy(bytes.data(), &part, sizeof(part));
    key.append(bytes.data(), bytes.size());
  };
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof(v4));
    append(v4.sin_addr);
    if (with_port) append(v4.sin_port);
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof(v6));
    append(v6.sin6_addr);
    if (with_port) append(v6.sin6_port);
  }
  return key;
}

/// Which pair of addresses the descriptor connects; empty when it is no TCP connection of ours.
std::string pair_of(int descriptor) {
  sockaddr_storage peer{};
  sockaddr_storage local{};
  socklen_t size = sizeof(peer);
  auto* const remote = reinterpret_cast<sockaddr*>(&peer);  // NOLINT: the sockets API.
  if (::getpeername(descriptor, remote, &size) != 0) return {};
  size = sizeof(local);
  auto* const own = reinterpret_cast<sockaddr*>(&local);
  if (::getsockname(descriptor, own, &size) != 0) return {};
  std::string to = key_of(peer, true);
  return to.empty() ? to : key_of(local, false) + to;
}

/// How far the wall clock is ahead of the steady one. Read again when something came between.
Duration clock_offset() {
  using std::chrono::steady_clock;
  Duration offset{};
  for (int tries = 0; tries < 5; ++tries) {
    const Instant before = steady_clock::now();
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    const Instant behind = steady_clock::now();
    offset = wall - (before + (behind - before) / 2).time_since_epoch();
    if (behind - before < 1ms) break;
  }
  return offset;
}

}  // namespace

std::optional<Duration> run_delay_in(std::string_view schedstat) {
  const auto delay = number_at(after(schedstat, ' '));
  return delay ? std::optional<Duration>(*delay) : std::nullopt;
}

std::optional<Duration> throttled_in(std::string_view cpu_stat) {
  std::optional<Duration> throttled;
  for_each_line(cpu_stat, [&throttled](std::string_view line) {
    const auto number = number_at(after(line, ' '));
    if (!number) return;
    const std::string_view key = line.substr(0, line.find(' '));
    if (key == "throttled_time") throttled = std::chrono::nanoseconds(*number);
    if (key == "throttled_usec") throttled = std::chrono::microseconds(*number);
  });
  return throttled;
}

std::vector<std::filesystem::path> cpu_stat_files(std::string_view cgroups,
                                                  const std::filesystem::path& root) {
  std::vector<std::filesystem::path> files;
  for_each_line(cgroups, [&](std::string_view line) {  // "4:cpu,cpuacct:/user.slice"
    const std::string_view rest = after(line, ':');
    const std::string_view controllers = rest.substr(0, rest.find(':'));
    std::filesystem::path group(after(rest, ':'));
    std::vector<std::filesystem::path> mounts;
    if (controllers.empty()) {
      mounts = {root, root / "unified"};
    } else if (has_cpu(controllers)) {
      mounts = {root / controllers};
    }
    std::error_code failed;
    for (const auto& mount : mounts) {
      for (std::filesystem::path at = group.relative_path();; at = at.parent_path()) {
        const auto file = mount / at / "cpu.stat";
        if (std::filesystem::exists(file, failed)) files.push_back(file);
        if (at.empty()) break;
      }
    }
  });
  return files;
}

RunDelayWatch::RunDelayWatch()
    : file_(::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)), before_(read()) {}

std::optional<Duration> RunDelayWatch::read() const {
  if (!file_) return std::nullopt;
  std::array<char, 128> buffer{};
  const ssize_t size = ::pread(file_.get(), buffer.data(), buffer.size(), 0);
  return size > 0 ? run_delay_in({buffer.data(), static_cast<std::size_t>(size)}) : std::nullopt;
}

std::optional<Duration> RunDelayWatch::take() {
  const auto now = read();
  const auto before = std::exchange(before_, now);
  return now && before ? std::optional<Duration>(*now - *before) : std::nullopt;
}

std::optional<Descriptors> count_descriptors() {
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return std::nullopt;
  Descriptors found;
  std::map<std::string, std::uint64_t> pairs;
  const int own = ::dirfd(folder);
  while (const dirent* entry = ::readdir(folder)) {
    const auto number = number_at(static_cast<const char*>(entry->d_name));
    if (!number || *number == own) continue;  // ".", ".." and the folder itself.
    ++found.open;
    const std::string pair = pair_of(static_cast<int>(*number));
    if (!pair.empty()) found.to_one_peer = std::max(found.to_one_peer, ++pairs[pair]);
  }
  ::closedir(folder);
  return found;
}

std::optional<std::uint64_t> local_ports() {
  const auto range = text_of("/proc/sys/net/ipv4/ip_local_port_range");
  if (!range) return std::nullopt;
  const auto first = number_at(*range);
  const auto gap = range->find_first_of(" \t");
  const auto digits = range->find_first_not_of(" \t", gap);
  if (!first || gap == std::string::npos || digits == std::string::npos) return std::nullopt;
  const auto last = number_at(std::string_view(*range).substr(digits));
  if (!last || *last < *first) return std::nullopt;
  return static_cast<std::uint64_t>(*last - *first + 1);
}

void ProcessWatch::look(reports::Health& health) {
  if (const auto descriptors = count_descriptors()) {
    health.descriptors = descriptors->open;
    if (const auto ports = local_ports()) {
      health.ports = static_cast<double>(descriptors->to_one_peer) / static_cast<double>(*ports);
    }
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    health.descriptor_limit = limit.rlim_cur;
  }

  const Duration offset = clock_offset();
  const Duration jump = std::chrono::abs(offset - clock_offset_.value_or(offset));
  health.clock_jump = jump > kClockNoise ? jump : Duration{};
  clock_offset_ = offset;

  const Instant now = std::chrono::steady_clock::now();
  const auto throttled = throttled_so_far();
  if (throttled && throttled_) {
    // Version 1 adds up over processors, and the sum is smaller when the process changed its group.
    health.throttled =
        std::clamp<Duration>(*throttled - *throttled_, Duration{}, now - throttled_at_);
  }
  throttled_ = throttled;
  throttled_at_ = now;
}

}  // namespace squall::generators
