#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/unique_fd.h"
#include "harness/base/units.h"
#include "reports/measure/snapshot.h"

namespace squall::generators {

/// How long a thread has waited for a processor, from the text of its `schedstat`
/// (Documentation/scheduler/sched-stats.rst); none when it is not such a text.
std::optional<Duration> run_delay_in(std::string_view schedstat);

/// For how long a cgroup was held back by its CPU quota, from the text of its `cpu.stat`: of
/// version 1 (`throttled_time`) or 2 (`throttled_usec`). None when it does not say: there is no
/// quota.
std::optional<Duration> throttled_in(std::string_view cpu_stat);

/// The `cpu.stat` files that can tell of a process' CPU quota: its cgroup's and those above it.
/// `cgroups` is the text of its /proc/PID/cgroup, `root` where cgroups are mounted.
std::vector<std::filesystem::path> cpu_stat_files(std::string_view cgroups,
                                                  const std::filesystem::path& root);

/// Says how long the thread that made it was ready to run and was not let.
///
/// Lifecycle:  made on the thread that it watches.
/// Threads:    any one at a time.
/// Errors:     no figures where the kernel has none (built without CONFIG_SCHED_INFO).
class RunDelayWatch {
 public:
  RunDelayWatch();

  /// Since the last call, or since it was made.
  std::optional<Duration> take();

 private:
  std::optional<Duration> read() const;

  UniqueFd file_;
  std::optional<Duration> before_;
};

/// The process' open descriptors, and among them its TCP connections.
struct Descriptors {
  std::uint64_t open = 0;
  /// Connections of the busiest pair of a local address and a remote address and port: they share
  /// one range of local ports.
  std::uint64_t to_one_peer = 0;
};

/// Counts them; nothing where /proc cannot be read.
std::optional<Descriptors> count_descriptors();

/// How many ports the system has for outgoing connections of one such pair; none when unknown.
std::optional<std::uint64_t> local_ports();

/// Watches what the shards of a process share: descriptors, ports, clocks and the CPU quota.
///
/// Lifecycle:  look() about once a second; the first look has nothing to compare with.
/// Threads:    one owner at a time.
/// Errors:     what cannot be found out has no figure.
class ProcessWatch {
 public:
  /// Fills in what it watches, of the time since the last look.
  void look(reports::Health& health);

 private:
  std::optional<Duration> clock_offset_;  // Wall clock minus steady clock.
  std::optional<Duration> throttled_;
  Instant throttled_at_{};
};

}  // namespace squall::generators
