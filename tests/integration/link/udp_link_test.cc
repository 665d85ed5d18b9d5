#include <algorithm>
#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/integration/link/link_fixture.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// What arrived: when it was sent and when it came, by its number.
struct Arrival {
  std::uint32_t number = 0;
  Instant sent{};
  Instant came{};
};

class UdpLink : public LinkTest {
 protected:
  void SetUp() override {
    open_udp();
    client_ = connect_to(relay(), SOCK_DGRAM);
    ASSERT_TRUE(client_);
  }

  struct Content {
    std::uint32_t number = 0;
    std::int64_t sent = 0;
  };

  /// Sends `count` datagrams, `gap` apart, from `from` to `to` (null: where it is connected to),
  /// and gathers what arrives at `at` until nothing came for `quiet`.
  static std::vector<Arrival> stream(int from, const SocketAddress* to, int at, int count,
                                     Duration gap, Duration quiet) {
    std::thread sender([=] {
      const Instant began = Clock::now();
      for (int i = 0; i < count; ++i) {
        std::this_thread::sleep_until(began + i * gap);
        Content content{static_cast<std::uint32_t>(i), Clock::now().time_since_epoch().count()};
        ::sendto(from, &content, sizeof(content), 0, to == nullptr ? nullptr : to->data(),
                 to == nullptr ? 0 : to->length);
      }
    });
    std::vector<Arrival> arrivals;
    const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(quiet).count();
    while (is_readable(at, static_cast<int>(patience))) {
      Content content;
      ::recv(at, &content, sizeof(content), 0);
      arrivals.push_back({content.number, Instant(Duration(content.sent)), Clock::now()});
    }
    sender.join();
    return arrivals;
  }

  std::vector<Arrival> stream_up(int count, Duration gap, Duration quiet = 500ms) {
    return stream(client_.get(), nullptr, server_.get(), count, gap, quiet);
  }

  /// Learns from one datagram where answers go to.
  SocketAddress peer() {
    SocketAddress from;
    char byte = 0;
    EXPECT_EQ(::send(client_.get(), "x", 1, 0), 1);
    EXPECT_TRUE(is_readable(server_.get(), kPatience));
    EXPECT_EQ(::recvfrom(server_.get(), &byte, 1, 0, from.data(), &from.length), 1);
    return from;
  }

  UniqueFd client_;
};

TEST_F(UdpLink, PassesDatagramsBothWaysEachToWhomItIsFor) {
  const SocketAddress first = peer();
  const UniqueFd other = connect_to(relay(), SOCK_DGRAM);
  ASSERT_EQ(::send(other.get(), "y", 1, 0), 1);
  SocketAddress second;
  char byte = 0;
  ASSERT_TRUE(is_readable(server_.get(), kPatience));
  ASSERT_EQ(::recvfrom(server_.get(), &byte, 1, 0, second.data(), &second.length), 1);
  EXPECT_EQ(byte, 'y');
  EXPECT_NE(first.port(), second.port());
  ::sendto(server_.get(), "2", 1, 0, second.data(), second.length);
  ::sendto(server_.get(), "1", 1, 0, first.data(), first.length);
  EXPECT_EQ(read_all(other.get(), 1), "2");
  EXPECT_EQ(read_all(client_.get(), 1), "1");
}

TEST_F(UdpLink, PassesDatagramsOfEverySizeAsTheyAre) {
  for (const std::size_t size : {1UL, 1200UL, 9000UL, 65'507UL}) {
    const std::string data(size, static_cast<char>('a' + size % 20));
    ASSERT_EQ(::send(client_.get(), data.data(), size, 0), static_cast<ssize_t>(size));
    std::string got(70'000, '\0');
    ASSERT_TRUE(is_readable(server_.get(), kPatience));
    got.resize(static_cast<std::size_t>(::recv(server_.get(), got.data(), got.size(), 0)));
    EXPECT_EQ(got, data);
  }
}

TEST_F(UdpLink, LosesTheShareThatIsAskedForEachWay) {
  LinkFault fault;
  fault.up.loss = {0.1};
  fault.down.loss = {0.05};
  begin(fault);
  const SocketAddress to = [&] {  // The first may be lost.
    SocketAddress from;
    char byte = 0;
    while (!is_readable(server_.get(), 50)) ::send(client_.get(), "x", 1, 0);
    ::recvfrom(server_.get(), &byte, 1, 0, from.data(), &from.length);
    return from;
  }();
  constexpr int kCount = 4000;
  const auto up = stream_up(kCount, 200us).size();
  const auto down = stream(server_.get(), &to, client_.get(), kCount, 200us, 500ms).size();
  // Five standard deviations of what is lost: 400 +/- 95 and 200 +/- 69.
  EXPECT_NEAR(static_cast<double>(kCount - up), 400, 95);
  EXPECT_NEAR(static_cast<double>(kCount - down), 200, 69);
  const auto finding = end();
  EXPECT_TRUE(finding.took) << finding.why_not << ", " << finding.seen;
}

TEST_F(UdpLink, DelaysAsTheDistributionThatIsAskedForHasIt) {
  LinkFault fault;
  fault.up = {.delay = 100ms, .jitter = 60ms, .in_order = false};
  begin(fault);
  constexpr int kCount = 3000;
  const auto arrivals = stream_up(kCount, 500us);
  ASSERT_EQ(arrivals.size(), kCount);
  std::vector<double> delays;
  for (const Arrival& one : arrivals) delays.push_back(to_milliseconds(one.came - one.sent));
  std::sort(delays.begin(), delays.end());
  EXPECT_GE(delays.front(), 40);  // Never less than the least.
  // Quantiles of the uniform distribution from 40 to 160 ms: theirs vary by
  // 120 sqrt(q (1 - q) / n) ms, at most 1.1; a busy machine delays more, so it has room upwards.
  for (const double q : {0.1, 0.25, 0.5, 0.75, 0.9}) {
    const double seen = delays[static_cast<std::size_t>(q * kCount)];
    const double asked = 40 + 120 * q;
    EXPECT_GT(seen, asked - 5.5) << q;
    EXPECT_LT(seen, asked + 15) << q;
  }
  const auto finding = end();
  EXPECT_TRUE(finding.took) << finding.why_not;
}

TEST_F(UdpLink, KeepsTheOrderOfDatagramsThatJitter) {
  LinkFault fault;
  fault.up = {.delay = 20ms, .jitter = 20ms};
  begin(fault);
  const auto arrivals = stream_up(500, 200us);
  ASSERT_EQ(arrivals.size(), 500U);
  EXPECT_TRUE(std::is_sorted(arrivals.begin(), arrivals.end(),
                             [](const auto& a, const auto& b) { return a.number < b.number; }));
}

TEST_F(UdpLink, DuplicatesAndReordersWhatItIsAskedTo) {
  LinkFault fault;
  fault.up = {.delay = 20ms, .duplicate = {0.2}, .reorder = {0.2}};
  begin(fault);
  const auto arrivals = stream_up(1000, 200us);
  EXPECT_NEAR(static_cast<double>(arrivals.size()), 1200, 5 * 13);
  EXPECT_FALSE(std::is_sorted(arrivals.begin(), arrivals.end(),
                              [](const auto& a, const auto& b) { return a.number < b.number; }));
  std::set<std::uint32_t> numbers;
  for (const Arrival& one : arrivals) numbers.insert(one.number);
  EXPECT_EQ(numbers.size(), 1000U);
  EXPECT_TRUE(end().took);
}

TEST_F(UdpLink, FlipsABitOfWhatItCorrupts) {
  LinkFault fault;
  fault.up.corrupt = {1};
  begin(fault);
  const std::string data(100, '\0');
  ASSERT_EQ(::send(client_.get(), data.data(), data.size(), 0), 100);
  std::string got(100, '\0');
  ASSERT_TRUE(is_readable(server_.get(), kPatience));
  ASSERT_EQ(::recv(server_.get(), got.data(), got.size(), 0), 100);
  int flipped = 0;
  for (const char byte : got) flipped += std::popcount(static_cast<unsigned char>(byte));
  EXPECT_EQ(flipped, 1);
}

TEST_F(UdpLink, LetsLargeDatagramsVanish) {
  LinkFault fault;
  fault.up.mtu = Bytes{1200};
  begin(fault);
  const std::string large(1201, 'l');
  ::send(client_.get(), large.data(), 1201, 0);
  ::send(client_.get(), large.data(), 1200, 0);
  std::string got(2000, '\0');
  ASSERT_TRUE(is_readable(server_.get(), kPatience));
  EXPECT_EQ(::recv(server_.get(), got.data(), got.size(), 0), 1200);
  EXPECT_FALSE(is_readable(server_.get(), 100));
  EXPECT_THAT(end().seen, HasSubstr("1 datagrams too large"));
}

TEST_F(UdpLink, SwallowsEverythingInABlackHole) {
  const SocketAddress to = peer();
  LinkFault fault;
  fault.black_hole = true;
  begin(fault);
  ::send(client_.get(), "x", 1, 0);
  ::sendto(server_.get(), "x", 1, 0, to.data(), to.length);
  EXPECT_FALSE(is_readable(server_.get(), 100));
  EXPECT_FALSE(is_readable(client_.get(), 100));
  const auto finding = end();
  EXPECT_TRUE(finding.took) << finding.why_not;
  EXPECT_THAT(finding.seen, HasSubstr("2 datagrams swallowed"));
  EXPECT_FALSE(is_readable(server_.get(), 100));  // Gone for good.
  peer();
}

TEST_F(UdpLink, GivesAFlowANewSourcePortWhichStillWorks) {
  const SocketAddress before = peer();
  LinkFault fault;
  fault.rebind_every = 1h;
  begin(fault);
  const SocketAddress after = peer();
  EXPECT_NE(before.port(), after.port());
  ::sendto(server_.get(), "old", 3, 0, before.data(), before.length);
  EXPECT_FALSE(is_readable(client_.get(), 100));  // As through a NAT that has forgotten.
  ::sendto(server_.get(), "new", 3, 0, after.data(), after.length);
  EXPECT_EQ(read_all(client_.get(), 3), "new");
  EXPECT_THAT(end().seen, HasSubstr("1 new source ports"));
}

TEST_F(UdpLink, GivesNewSourcePortsAgainAndAgain) {
  peer();
  LinkFault fault;
  fault.rebind_every = 50ms;
  begin(fault);
  std::this_thread::sleep_for(300ms);
  const LinkTally tally = links_->counted("edge");
  EXPECT_GE(tally.rebinds, 3U);
  EXPECT_LE(tally.rebinds, 7U);
}

/// struct sched_attr of linux/sched/types.h.
struct Slices {
  std::uint32_t size = 48;
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;  ///< Nanoseconds; kernels before 6.12 tell none.
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

std::uint64_t slice_of(pid_t thread) {
  Slices told;
  EXPECT_EQ(::syscall(SYS_sched_getattr, thread, &told, sizeof told, 0), 0);
  return told.runtime;
}

TEST_F(UdpLink, RunsInTheShortestSlicesThatTheKernelGives) {
  std::uint64_t shortest = 0;
  std::thread([&] {
    Slices wish;
    ::syscall(SYS_sched_getattr, 0, &wish, sizeof wish, 0);
    wish.runtime = 100'000;
    ::syscall(SYS_sched_setattr, 0, &wish, 0);
    shortest = slice_of(0);
  }).join();
  int found = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::ifstream comm(task.path() / "comm");
    std::getline(comm, name);
    if (name != "squall.link") continue;
    ++found;
    EXPECT_EQ(slice_of(std::stoi(task.path().filename())), shortest);
  }
  EXPECT_EQ(found, 1);
}

}  // namespace
}  // namespace squall::faults
