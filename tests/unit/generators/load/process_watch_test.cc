#include "generators/load/process_watch.h"

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

namespace squall::generators {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(RunDelay, IsTheSecondNumberOfASchedstat) {
  EXPECT_EQ(run_delay_in("104086549 825400820 50\n"), 825'400'820ns);
  EXPECT_EQ(run_delay_in("0 0 0\n"), 0ns);
  EXPECT_EQ(run_delay_in(""), std::nullopt);
  EXPECT_EQ(run_delay_in("104086549"), std::nullopt);
  EXPECT_EQ(run_delay_in("1 -5 2"), std::nullopt);
}

TEST(Throttled, IsReadFromBothVersionsOfCgroups) {
  EXPECT_EQ(throttled_in("nr_periods 15\nnr_throttled 15\nthrottled_time 1211019912\n"),
            1'211'019'912ns);
  EXPECT_EQ(throttled_in("usage_usec 9\nnr_throttled 3\nthrottled_usec 250000\nnr_bursts 0"),
            250ms);
  EXPECT_EQ(throttled_in("usage_usec 9\nuser_usec 4\n"), std::nullopt);
  EXPECT_EQ(throttled_in("throttled_usec much"), std::nullopt);
  EXPECT_EQ(throttled_in(""), std::nullopt);
}

class CpuStatFiles : public testing::Test {
 protected:
  CpuStatFiles() {
    std::string name = (std::filesystem::temp_directory_path() / "squall-cgroups-XXXXXX").string();
    root = ::mkdtemp(name.data());
  }
  void TearDown() override { std::filesystem::remove_all(root); }

  void has(const std::string& file) const {
    std::filesystem::create_directories((root / file).parent_path());
    std::ofstream(root / file) << "throttled_usec 0\n";
  }

  std::filesystem::path root;
};

TEST_F(CpuStatFiles, AreThoseOfTheGroupAndOfAllAboveIt) {
  has("cpu.stat");
  has("user.slice/cpu.stat");
  has("user.slice/squall.service/cpu.stat");
  EXPECT_THAT(cpu_stat_files("0::/user.slice/squall.service\n", root),
              ElementsAre(root / "user.slice/squall.service/cpu.stat", root / "user.slice/cpu.stat",
                          root / "" / "cpu.stat"));
}

TEST_F(CpuStatFiles, AreThoseOfTheCpuControllerInVersionOne) {
  has("cpu,cpuacct/a/cpu.stat");
  has("cpuset/a/cpu.stat");
  EXPECT_THAT(cpu_stat_files("3:cpuset:/a\n2:cpu,cpuacct:/a\n1:name=systemd:/a\n", root),
              ElementsAre(root / "cpu,cpuacct/a/cpu.stat"));
}

TEST_F(CpuStatFiles, AreNoneWhereNothingIsMountedOrTheTextIsStrange) {
  EXPECT_THAT(cpu_stat_files("0::/\n", root), IsEmpty());
  EXPECT_THAT(cpu_stat_files("\n:::\nnonsense", root), IsEmpty());
}

TEST(RunDelayWatch, SeesAThreadThatSharesItsProcessor) {
  if (!std::filesystem::exists("/proc/thread-self/schedstat")) {
    RunDelayWatch watch;
    EXPECT_EQ(watch.take(), std::nullopt);  // Not 0: it is not known.
    return;
  }
  // Two threads of one processor: each waits while the other runs.
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  std::array<std::optional<Duration>, 2> delays;
  const auto spin = [&one](std::optional<Duration>& delay) {
    ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one), 0);
    RunDelayWatch watch;
    const auto end = std::chrono::steady_clock::now() + 300ms;
    while (std::chrono::steady_clock::now() < end) {
    }
    delay = watch.take();
  };
  {
    const std::jthread first(spin, std::ref(delays[0]));
    const std::jthread second(spin, std::ref(delays[1]));
  }
  ASSERT_TRUE(delays[0] && delays[1]);
  EXPECT_GT(*delays[0] + *delays[1], 100ms);
  EXPECT_LT(*delays[0], 2s);
}

/// A TCP connection within this process: both of its ends are among the descriptors.
class Connected {
 public:
  explicit Connected(int listener, const sockaddr_in& to)
      : near_(::socket(AF_INET, SOCK_STREAM, 0)) {
    EXPECT_EQ(::connect(near_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
    far_.reset(::accept(listener, nullptr, nullptr));
    EXPECT_TRUE(far_);
  }

 private:
  UniqueFd near_;
  UniqueFd far_;
};

TEST(Descriptors, CountTheConnectionsOfTheBusiestPairOfAddresses) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener.get(), any, sizeof(address)), 0);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::getsockname(listener.get(), any, &size), 0);

  const auto before = count_descriptors();
  ASSERT_TRUE(before);
  EXPECT_EQ(before->to_one_peer, 0U);  // A listener is connected to nobody.
  std::vector<std::unique_ptr<Connected>> connections;
  for (int i = 0; i < 3; ++i) {
    connections.push_back(std::make_unique<Connected>(listener.get(), address));
  }
  const auto with = count_descriptors();
  ASSERT_TRUE(with);
  EXPECT_EQ(with->open, before->open + 6);
  EXPECT_EQ(with->to_one_peer, 3U);  // Their other ends go to a different port each.
}

TEST(ProcessWatch, FindsWhatEveryProcessHas) {
  ProcessWatch watch;
  reports::Health health;
  watch.look(health);
  EXPECT_GE(health.descriptors, 3U);
  EXPECT_GT(health.descriptor_limit, health.descriptors);
  ASSERT_TRUE(health.ports);
  EXPECT_LT(*health.ports, 0.1);
  EXPECT_EQ(health.throttled, std::nullopt);  // There is nothing yet to compare with.
  EXPECT_EQ(health.clock_jump, 0ns);
  watch.look(health);
  EXPECT_EQ(health.clock_jump, 0ns);
}

TEST(LocalPorts, AreAFewThousandAtLeast) {
  const auto ports = local_ports();
  ASSERT_TRUE(ports);
  EXPECT_GT(*ports, 1000U);
  EXPECT_LT(*ports, 65'536U);
}

}  // namespace
}  // namespace squall::generators
