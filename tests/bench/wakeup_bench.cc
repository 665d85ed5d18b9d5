// How late a thread wakes that waits for a moment, by the way in which it waits: 10,000 moments a
// second, as the arrivals of an open load. `late_p50` and `late_p99` in microseconds; Time is a
// period of 100 µs, CPU what it cost.
#include <algorithm>
#include <chrono>
#include <ctime>
#include <vector>

#include <benchmark/benchmark.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "harness/base/units.h"
#include "harness/runtime/asio.h"

namespace squall {
namespace {

using Clock = std::chrono::steady_clock;
constexpr Duration kPeriod = std::chrono::microseconds(100);
constexpr int kWakeUps = 20'000;

timespec to_timespec(Duration length) {
  length = std::max(length, Duration::zero());
  return {static_cast<time_t>(length / std::chrono::seconds(1)),
          static_cast<long>((length % std::chrono::seconds(1)).count())};
}

/// Waits for one moment after the other with `wait_until`, and reports how late it woke.
template <class WaitUntil>
void measure(benchmark::State& state, WaitUntil wait_until) {
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  std::vector<double> late;
  late.reserve(kWakeUps);
  Instant due = Clock::now();
  for (auto _ : state) {
    due += kPeriod;
    wait_until(due);
    late.push_back(to_seconds(Clock::now() - due) * 1e6);
  }
  const auto at = [&late](double share) {
    const auto index = static_cast<std::ptrdiff_t>(share * static_cast<double>(late.size() - 1));
    std::nth_element(late.begin(), late.begin() + index, late.end());
    return late[static_cast<std::size_t>(index)];
  };
  state.counters["late_p50"] = at(0.5);
  state.counters["late_p99"] = at(0.99);
}

/// Asio's way: a timerfd that epoll watches.
void timerfd(benchmark::State& state) {
  asio::io_context loop;
  asio::steady_timer timer(loop);
  measure(state, [&](Instant due) {
    timer.expires_at(due);
    timer.async_wait([](const auto& /*aborted*/) {});
    loop.restart();
    loop.run();
  });
}

void wait_by_epoll(benchmark::State& state) {
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  measure(state, [poll](Instant due) {
    epoll_event event{};
    const timespec left = to_timespec(due - Clock::now());
    epoll_pwait2(poll, &event, 1, &left, nullptr);
  });
  close(poll);
}

void wait_by_nanosleep(benchmark::State& state) {
  measure(state, [](Instant due) {
    const timespec left = to_timespec(due - Clock::now());
    nanosleep(&left, nullptr);
  });
}

/// Asleep until 50 µs before, then looking at the clock: only where nobody else needs the core.
void sleep_then_spin(benchmark::State& state) {
  measure(state, [](Instant due) {
    const timespec left = to_timespec(due - std::chrono::microseconds(50) - Clock::now());
    nanosleep(&left, nullptr);
    while (Clock::now() < due) {
    }
  });
}

BENCHMARK(timerfd)->Iterations(kWakeUps)->UseRealTime();
BENCHMARK(wait_by_epoll)->Iterations(kWakeUps)->UseRealTime();
BENCHMARK(wait_by_nanosleep)->Iterations(kWakeUps)->UseRealTime();
BENCHMARK(sleep_then_spin)->Iterations(kWakeUps)->UseRealTime();

}  // namespace
}  // namespace squall
