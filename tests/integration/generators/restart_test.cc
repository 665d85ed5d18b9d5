#include <csignal>
#include <fstream>
#include <optional>

#include <sys/resource.h>
#include <unistd.h>

#include "tests/integration/generators/load_fixture.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

using generators::Protocol;

constexpr int kRounds = 10;
constexpr auto kRound = 3s;
constexpr auto kDown = 500ms;
constexpr double kRate = 10'000;

std::int64_t resident_kib() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t size = 0;
  std::int64_t resident = 0;
  statm >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE) / 1024;
}

/// Of this process: the generator's, and hardly anything else.
Duration cpu_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

/// What a round cost.
struct Round {
  std::uint64_t ok = 0;
  std::int64_t resident = 0;
  Duration cpu{};
  Duration cpu_down{};  ///< While there was no server.
};

/// nginx, and a load on it that goes on whatever becomes of nginx.
class Restart : public testing::Test {
 protected:
  void start(std::size_t connections) {
    nginx.emplace(*start_nginx(folder, port));
    TargetSpec target = target_at(port, Protocol::kH2c, connections, 100);
    target.timeout = 1s;
    target.reconnect = {20ms, 200ms};
    auto made = generators::LoadEngine::make({target}, {open_load(kRate, kRounds * kRound)}, {});
    ASSERT_TRUE(ok(made));
    engine = *std::move(made);
    began = std::chrono::steady_clock::now() + 300ms;
    engine->start(began);
  }

  void collect() {
    last = engine->collect();
    for (const auto& second : last.cells) total.add(second.cell);
  }

  void wait_until(Instant moment) {
    while (std::chrono::steady_clock::now() < moment && !engine->is_done()) {
      std::this_thread::sleep_for(50ms);
      collect();
    }
  }

  Round go_round(int number) {
    Round round;
    const Instant begin = began + number * kRound;
    const std::uint64_t ok_before = total.ok;
    const Duration cpu_before = cpu_time();
    wait_until(begin + 1s);
    const Duration cpu_down = cpu_time();
    nginx->end(SIGKILL);
    wait_until(begin + 1s + kDown);
    round.cpu_down = cpu_time() - cpu_down;
    auto again = start_nginx(folder, port);
    EXPECT_TRUE(ok(again));
    if (again) nginx.emplace(*std::move(again));
    wait_until(begin + kRound);
    round.ok = total.ok - ok_before;
    round.cpu = cpu_time() - cpu_before;
    round.resident = resident_kib();
    return round;
  }

  TemporaryFolder folder;
  std::uint16_t port = free_port();
  std::optional<RealServer> nginx;
  std::unique_ptr<generators::LoadEngine> engine;
  Instant began{};
  reports::SecondCounts total;
  reports::Snapshot last;
};

TEST_F(Restart, TenTimesUnderLoadLeavesNothingStuckNothingSpinningAndNoMemoryBehind) {
  constexpr std::size_t kConnections = 10;
  start(kConnections);
  std::vector<Round> rounds;
  for (int number = 0; number < kRounds; ++number) {
    rounds.push_back(go_round(number));
    const Round& round = rounds.back();
    RecordProperty("round_" + std::to_string(number),
                   std::to_string(round.ok) + " ok, " + std::to_string(round.resident) +
                       " KiB, CPU " + std::to_string(to_milliseconds(round.cpu)) + " ms, of it " +
                       std::to_string(to_milliseconds(round.cpu_down)) + " ms down");
    EXPECT_GT(round.ok, 5'000U) << "it came back in round " << number;
    EXPECT_LT(round.cpu_down, kDown / 2) << "a spin in round " << number;
  }
  wait_until(began + kRounds * kRound + 10s);
  collect();
  EXPECT_TRUE(engine->is_done());
  EXPECT_EQ(last.health.in_flight, 0U);
  EXPECT_EQ(last.health.backlog, 0U);
  EXPECT_EQ(total.due, static_cast<std::uint64_t>(kRate * to_seconds(kRounds * kRound)));
  EXPECT_EQ(total.due, total.sent + total.unsent + total.shed);
  EXPECT_EQ(total.sent, total.completed);
  EXPECT_EQ(total.completed, total.ok + total.all_errors());
  EXPECT_GE(total.connections_lost, kRounds * kConnections * 9 / 10);
  EXPECT_LE(total.connections_failed, kRounds * kConnections * 40) << "no spin";
  EXPECT_EQ(total.connections_opened, total.connections_lost + kConnections);
  EXPECT_LT(rounds.back().resident, rounds[1].resident + 4 * 1024) << "KiB";
  EXPECT_LT(rounds.back().cpu, 2 * rounds[1].cpu + 500ms);
}

}  // namespace
}  // namespace squall::test
