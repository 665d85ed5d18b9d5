#include <algorithm>
#include <chrono>
#include <set>
#include <string>

#include <gmock/gmock.h>

#include "tests/integration/network/lab.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::SizeIs;

// How much later than it should a packet may come on a kernel that is emulated beside other work.
constexpr double kLateMs = 15;

/// What needs a kernel with netem: measured with datagrams from one end of a veth pair to the
/// other, for IPv4 and IPv6.
class Netem : public Lab, public testing::WithParamInterface<int> {
 protected:
  int family() const { return GetParam(); }
  NetworkFault to_port() {
    NetworkFault fault = on_va();
    fault.to = TrafficFilter{{"10.9.0.0/24", "fd09::/64"}, {kPort}, "udp"};
    return fault;
  }
  /// Injects, measures, reverts; what is left must be what was there.
  std::vector<Arrival> measured(const NetworkFault& fault, std::uint32_t count,
                                std::chrono::microseconds gap, bool from_a = true) {
    const auto before = state();
    auto injected = inject_it(fault);
    EXPECT_TRUE(ok(injected));
    if (!injected) return {};
    auto arrivals = send_across(family(), count, gap, kPort, 100, from_a);
    others_ = send_across(family(), 50, 1ms, kPort + 1, 100, from_a);
    EXPECT_TRUE(ok(injected->active.revert()));
    EXPECT_TRUE(injected->look().took) << injected->look().why_not;
    EXPECT_EQ(state(), before);
    return arrivals;
  }
  /// What the filter does not meet.
  std::vector<Arrival> others_;
};

TEST_P(Netem, DelaysWhatIsMetAndNothingElse) {
  NetworkFault fault = to_port();
  fault.delay = 80ms;
  const auto arrivals = measured(fault, 100, 2ms);
  ASSERT_THAT(arrivals, SizeIs(100));
  EXPECT_GE(std::min_element(arrivals.begin(), arrivals.end(),
                             [](auto& a, auto& b) { return a.delay_ms < b.delay_ms; })
                ->delay_ms,
            80);
  EXPECT_NEAR(mean(arrivals), 80 + kLateMs / 2, kLateMs / 2);
  ASSERT_THAT(others_, SizeIs(50));
  EXPECT_LT(mean(others_), kLateMs);
}

TEST_P(Netem, DelaysWhatComesIn) {
  NetworkFault fault = to_port();
  fault.direction = NetworkFault::Direction::kIn;
  fault.delay = 80ms;
  const auto arrivals = measured(fault, 100, 2ms, false);
  ASSERT_THAT(arrivals, SizeIs(100));
  EXPECT_NEAR(mean(arrivals), 80 + kLateMs / 2, kLateMs / 2);
  ASSERT_THAT(others_, SizeIs(50));
  EXPECT_LT(mean(others_), kLateMs);
}

TEST_P(Netem, SpreadsDelaysAsTheDistributionHasItWithOrWithoutOrder) {
  using Distribution = Impairment::Distribution;
  constexpr std::uint32_t kCount = 400;
  for (const auto distribution : {Distribution::kUniform, Distribution::kNormal}) {
    NetworkFault fault = to_port();
    fault.delay = 100ms;
    fault.jitter = 30ms;
    fault.distribution = distribution;
    fault.in_order = false;
    const auto spread = measured(fault, kCount, 2ms);
    ASSERT_THAT(spread, SizeIs(kCount));
    // A uniform spread of ±30 ms deviates by 30/√3.
    const double expected = distribution == Distribution::kUniform ? 17.3 : 30;
    const double of_mean = 5 * expected / std::sqrt(double{kCount});
    EXPECT_NEAR(mean(spread), 100 + kLateMs / 2, of_mean + kLateMs / 2);
    EXPECT_NEAR(deviation(spread), expected, 0.2 * expected);
    EXPECT_GT(overtaken(spread), kCount / 4);
  }
  NetworkFault fault = to_port();
  fault.delay = 100ms;
  fault.jitter = 30ms;
  const auto ordered = measured(fault, kCount, 2ms);
  ASSERT_THAT(ordered, SizeIs(kCount));
  EXPECT_EQ(overtaken(ordered), 0U);
  EXPECT_GT(deviation(ordered), 3);
}

TEST_P(Netem, LosesInBursts) {
  constexpr std::uint32_t kCount = 5000;
  NetworkFault fault = to_port();
  // Bad a tenth of the time, in stretches of ten packets.
  fault.gilbert_elliott = GilbertElliott{.to_bad = {1.0 / 90}, .to_good = {0.1}};
  const auto arrivals = measured(fault, kCount, 100us);
  const double lost = kCount - static_cast<double>(arrivals.size());
  // In bursts of ten the number lost spreads some √19 times as widely.
  EXPECT_NEAR(lost, 0.1 * kCount, 4.4 * five_sigma(0.1, kCount));
  std::size_t runs = 0;
  for (std::size_t i = 1; i < arrivals.size(); ++i) {
    if (arrivals[i].number != arrivals[i - 1].number + 1) ++runs;
  }
  ASSERT_GT(runs, 0U);
  EXPECT_NEAR(lost / static_cast<double>(runs), 10, 6);
  EXPECT_THAT(others_, SizeIs(50));
}

TEST_P(Netem, DuplicatesAndLosesTogether) {
  constexpr std::uint32_t kCount = 3000;
  NetworkFault fault = to_port();
  fault.duplicate = Share{0.2};
  fault.loss = Share{0.1};
  const auto arrivals = measured(fault, kCount, 100us);
  std::set<std::uint32_t> different;
  for (const Arrival& one : arrivals) different.insert(one.number);
  const auto came = static_cast<double>(different.size());
  // A duplicate is of what was not lost, and enters at the root again, past the loss.
  EXPECT_NEAR(kCount - came, 0.1 * kCount, five_sigma(0.1, kCount));
  EXPECT_NEAR(static_cast<double>(arrivals.size()) - came, 0.2 * came, five_sigma(0.2, kCount));
  EXPECT_THAT(others_, SizeIs(50));
}

TEST_P(Netem, LetsTheShareThatWasAskedForOvertake) {
  constexpr std::uint32_t kCount = 1000;
  NetworkFault fault = to_port();
  fault.delay = 100ms;
  fault.reorder = Share{0.25};
  const auto arrivals = measured(fault, kCount, 1ms);
  ASSERT_THAT(arrivals, SizeIs(kCount));
  const auto early = std::count_if(arrivals.begin(), arrivals.end(),
                                   [](const Arrival& one) { return one.delay_ms < 50; });
  EXPECT_NEAR(static_cast<double>(early), 0.25 * kCount, five_sigma(0.25, kCount));
}

TEST_P(Netem, SpoilsTheShareThatWasAskedFor) {
  constexpr std::uint32_t kCount = 2000;
  NetworkFault fault = to_port();
  fault.corrupt = Share{0.3};
  const auto arrivals = measured(fault, kCount, 100us);
  // A flipped bit is noticed by the checksum, or is in one of the headers.
  EXPECT_NEAR(kCount - static_cast<double>(arrivals.size()), 0.3 * kCount, five_sigma(0.3, kCount));
  EXPECT_THAT(others_, SizeIs(50));
}

TEST_P(Netem, DelaysAndSlowsTogether) {
  NetworkFault fault = to_port();
  fault.delay = 100ms;
  fault.rate_bits_per_second = 1e6;
  const auto arrivals = measured(fault, 200, 0us);
  ASSERT_THAT(arrivals, SizeIs(200));
  EXPECT_GE(arrivals.front().delay_ms, 100);
  // 200 frames of 142 bytes (162 for IPv6), less the burst, after the first has been delayed.
  const double frame = family() == AF_INET ? 142 : 162;
  EXPECT_NEAR(arrivals.back().delay_ms, 100 + (200 * frame - 3100) / 125, 50);
}

INSTANTIATE_TEST_SUITE_P(Guest, Netem, testing::Values(AF_INET, AF_INET6),
                         [](const auto& one) { return one.param == AF_INET ? "IPv4" : "IPv6"; });

/// Kinds of root that a kernel with netem has too.
class GuestRootQdisc : public Lab, public testing::WithParamInterface<const char*> {};

TEST_P(GuestRootQdisc, IsPutBackBitForBit) {
  run({"ip", "netns", "exec", a_, "tc", "qdisc", "replace", "dev", "va", "root", "handle",
       "7:", GetParam()});
  const auto before = state();
  NetworkFault fault = on_va();
  fault.delay = 20ms;
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  EXPECT_GT(mean(send_across(AF_INET, 20, 1ms)), 19);
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(state(), before);
}

INSTANTIATE_TEST_SUITE_P(Guest, GuestRootQdisc, testing::Values("fq", "fq_codel"));

TEST_F(Lab, CanDoAllOnAKernelThatHasNetem) { EXPECT_EQ(capabilities_, Capabilities::all()); }

}  // namespace
}  // namespace squall::faults
