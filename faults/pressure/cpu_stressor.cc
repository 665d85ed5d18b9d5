#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <sched.h>

#include "faults/pressure/machine.h"
#include "faults/pressure/stressors.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr Duration kPeriod = 10ms;     // Of the duty cycle.
constexpr Duration kMostOwed = 100ms;  // What a worker that was not let run makes up for.
constexpr Duration kSeenAfter = 250ms;

Duration cpu_time(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::uint64_t own_cores() {
  cpu_set_t cores;
  if (::sched_getaffinity(0, sizeof cores, &cores) == 0) {
    return static_cast<std::uint64_t>(CPU_COUNT(&cores));
  }
  return std::max(1U, std::thread::hardware_concurrency());
}

/// How long this process's threads would have run had a core been free (schedstat,
/// sched-stats.rst).
Duration time_in_queues() {
  Duration sum{};
  std::error_code ignored;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
    std::ifstream stream(task.path() / "schedstat");
    std::int64_t ran = 0;
    std::int64_t waited = 0;
    if (stream >> ran >> waited) sum += Duration(waited);
  }
  return sum;
}

Duration part_of(Share share, Duration whole) {
  return from_seconds(share.value * to_seconds(whole));
}

/// Has each worker use its share of a core by the clock of its own CPU time, so that a share is a
/// share however often it is interrupted.
class CpuStressor : public Stressor {
 public:
  explicit CpuStressor(const CpuPressure& asked)
      : share_(asked.share), workers_(asked.workers.value_or(own_cores())) {
    for (std::uint64_t worker = 0; worker < workers_; ++worker) {
      threads_.emplace_back([this] { work(); });
    }
  }
  ~CpuStressor() override {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

  Result<Duration> step() override { return Duration(50ms); }

  PressureReport look() override {
    const Duration length = Clock::now() - start_;
    if (length < kSeenAfter) return {.state = PressureReport::State::kWorking, .seen = "begins"};
    const double whole = to_seconds(length) * static_cast<double>(workers_);
    const double had = to_seconds(cpu_time(CLOCK_PROCESS_CPUTIME_ID) - used_before_) / whole;
    // No worker waits while it runs: what is beyond that is other threads' waiting.
    const double waited = std::min(to_seconds(time_in_queues()) / whole, std::max(0.0, 1 - had));
    std::string seen = share_words(had) + " of " + cores() + " used";
    if (waited >= 0.05) seen += " (" + share_words(waited) + " more it waited for)";
    // Who waits in the queue presses, too. A cgroup's quota, or a busy machine, may take the rest.
    const bool presses = had + waited >= share_.value / 2;
    return {.state = presses ? PressureReport::State::kPresses : PressureReport::State::kShort,
            .seen = seen,
            .why_not = presses ? ""
                               : "it got " + share_words(had) + " of " + cores() + ", not " +
                                     share_words(share_.value)};
  }

 private:
  std::string cores() const {
    return std::to_string(workers_) + (workers_ == 1 ? " core" : " cores");
  }

  void work() {
    Instant begin = Clock::now();
    const Duration before = cpu_time(CLOCK_THREAD_CPUTIME_ID);
    while (!stop_) {
      const Instant now = Clock::now();
      const Duration used = cpu_time(CLOCK_THREAD_CPUTIME_ID) - before;
      // With this period's own.
      Duration due = part_of(share_, now - begin + kPeriod) - used;
      if (due > kMostOwed) {
        begin += from_seconds(to_seconds(due - kMostOwed) / share_.value);
        due = kMostOwed;
      }
      spin(due);
      std::this_thread::sleep_until(now + kPeriod);
    }
  }

  void spin(Duration length) const {
    const Duration until = cpu_time(CLOCK_THREAD_CPUTIME_ID) + length;
    volatile std::uint64_t number = 1;
    while (!stop_ && cpu_time(CLOCK_THREAD_CPUTIME_ID) < until) {
      for (int round = 0; round < 5000; ++round) number = number * 6364136223846793005U + 1;
    }
  }

  const Share share_;
  const std::uint64_t workers_;
  const Instant start_ = Clock::now();
  const Duration used_before_ = cpu_time(CLOCK_PROCESS_CPUTIME_ID);
  std::atomic<bool> stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

Result<std::unique_ptr<Stressor>> make_stressor(const CpuPressure& asked) {
  return std::unique_ptr<Stressor>(std::make_unique<CpuStressor>(asked));
}

}  // namespace squall::faults
