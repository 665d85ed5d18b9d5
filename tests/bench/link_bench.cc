// What a relay of a link costs: how many datagrams a second it passes on one core, and how much
// later one arrives that it passes. Each is measured without the relay as well.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "faults/link/datagram_batch.h"
#include "faults/link/links.h"

namespace squall::faults {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kSize = 1200;

UniqueFd udp_socket() {
  const auto any = *make_address("127.0.0.1", 0);
  UniqueFd made(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int room = 8 * 1024 * 1024;
  ::setsockopt(made.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
  const timeval patience{.tv_sec = 0, .tv_usec = 50'000};
  ::setsockopt(made.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  if (::bind(made.get(), any.data(), any.length) != 0) std::abort();
  return made;
}

/// A target that takes datagrams, a load that sends them, and perhaps a link between the two.
struct Course {
  explicit Course(bool has_link, bool is_slow) : target(udp_socket()), load(udp_socket()) {
    SocketAddress to = *local_address(target.get());
    if (has_link) {
      LinkPlace place{.target = "edge", .upstream = {to}, .relays_tcp = false, .relays_udp = true};
      links = *Links::make({place});
      to = links->addresses().front();
    }
    if (is_slow) {
      LinkFault fault;
      fault.target = "edge";
      fault.up.delay = std::chrono::milliseconds(2);
      fault.up.loss = {0.001};
      if (!links->begin(fault, {}, 7)) std::abort();
    }
    if (::connect(load.get(), to.data(), to.length) != 0) std::abort();
  }
  UniqueFd target;
  UniqueFd load;
  std::unique_ptr<Links> links;
};

/// Sends as fast as the sender can; the relay's own CPU time says how many it could pass.
void passes_datagrams(benchmark::State& state) {
  Course course(true, state.range(0) != 0);
  std::atomic<bool> ends = false;
  std::atomic<std::uint64_t> arrived = 0;
  std::thread taker([&] {
    auto batch = std::make_unique<DatagramBatch>();
    while (!ends) {
      const std::size_t got = batch->receive(course.target.get());
      arrived += got;
      if (got == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  });
  const std::string data(kSize, 'x');
  DatagramOutbox outbox;
  const Duration cpu_before = course.links->cpu_time();
  std::uint64_t sent = 0;
  for (auto _ : state) {
    for (int i = 0; i < 64; ++i) outbox.put(course.load.get(), nullptr, data);
    outbox.flush();
    sent += 64;
    // A sender that waits for what is behind it, so that what is measured is not a drop.
    while (sent - arrived > 128) {
      const std::uint64_t before = arrived;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      if (before == arrived) break;
    }
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const double cpu = to_seconds(course.links->cpu_time() - cpu_before);
  ends = true;
  taker.join();
  const auto passed = static_cast<double>(arrived.load());
  state.counters["per_core_second"] = passed / cpu;
  state.counters["per_second"] = benchmark::Counter(passed, benchmark::Counter::kIsRate);
  state.counters["lost_share"] = 1 - passed / static_cast<double>(sent);
}
BENCHMARK(passes_datagrams)->ArgName("fault")->Arg(0)->Arg(1)->UseRealTime()->MinTime(2);

/// One datagram at a time, 5,000 a second: how long each takes.
void takes_time(benchmark::State& state) {
  Course course(state.range(0) != 0, false);
  std::vector<Duration> times;
  std::vector<char> buffer(kSize);
  for (auto _ : state) {
    const auto began = Clock::now();
    ::send(course.load.get(), buffer.data(), kSize, 0);
    if (::recv(course.target.get(), buffer.data(), kSize, 0) > 0) {
      times.push_back(Clock::now() - began);
    }
    std::this_thread::sleep_until(began + std::chrono::microseconds(200));
  }
  std::sort(times.begin(), times.end());
  const auto at = [&](double share) {
    const auto index = static_cast<std::size_t>(share * static_cast<double>(times.size() - 1));
    return times.empty() ? 0 : to_seconds(times[index]) * 1e6;
  };
  state.counters["p50_us"] = at(0.5);
  state.counters["p99_us"] = at(0.99);
}
BENCHMARK(takes_time)->ArgName("relay")->Arg(0)->Arg(1)->UseRealTime()->MinTime(2);

/// A fault that heeds every connection comes and goes: whoever keeps the time waits so long.
void comes_and_goes(benchmark::State& state) {
  const auto any = *make_address("127.0.0.1", 0);
  UniqueFd target(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(target.get(), any.data(), any.length) != 0) std::abort();
  if (::listen(target.get(), 4096) != 0) std::abort();
  const LinkPlace place{.target = "edge", .upstream = {*local_address(target.get())}};
  const auto links = *Links::make({place});
  const SocketAddress to = links->addresses().front();
  std::vector<UniqueFd> load;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    load.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(load.back().get(), to.data(), to.length) != 0) std::abort();
  }
  LinkFault fault;
  fault.target = "edge";
  fault.black_hole = true;
  fault.refuse = true;
  std::vector<Duration> begins;
  std::vector<Duration> ends;
  for (auto _ : state) {
    const auto begun = Clock::now();
    if (!links->begin(fault, {}, 7)) std::abort();
    begins.push_back(Clock::now() - begun);
    for (const UniqueFd& one : load) ::send(one.get(), "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    const auto ended = Clock::now();
    if (!links->end("edge")) std::abort();
    ends.push_back(Clock::now() - ended);
  }
  std::sort(begins.begin(), begins.end());
  std::sort(ends.begin(), ends.end());
  state.counters["begin_ms"] = to_seconds(begins[begins.size() / 2]) * 1e3;
  state.counters["begin_max_ms"] = to_seconds(begins.back()) * 1e3;
  state.counters["end_ms"] = to_seconds(ends[ends.size() / 2]) * 1e3;
  state.counters["end_max_ms"] = to_seconds(ends.back()) * 1e3;
}
BENCHMARK(comes_and_goes)->ArgName("connections")->Arg(1)->Arg(1000)->Iterations(15);

}  // namespace
}  // namespace squall::faults
