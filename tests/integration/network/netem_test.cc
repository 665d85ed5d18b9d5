#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "tests/integration/network/lab.h"
#include "tests/integration/network/tolerance.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::SizeIs;

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
  static std::vector<double> delays(const std::vector<Arrival>& arrivals) {
    std::vector<double> all;
    for (const Arrival& one : arrivals) all.push_back(one.delay_ms);
    std::sort(all.begin(), all.end());
    return all;
  }
  static double median(const std::vector<Arrival>& arrivals) {
    const auto all = delays(arrivals);
    return all.empty() ? 0 : all[all.size() / 2];
  }
  /// How late a packet may be, for all that is not the fault: what those that it does not meet took
  /// at most, a tick, and what a timer was late at most meanwhile.
  double late_ms() const {
    return others_.empty() ? 0 : delays(others_).back() + kTickMs + latest_wake_ms_;
  }
  /// All were delayed by this much, and the others not.
  void expect_delayed(const std::vector<Arrival>& arrivals, double ms) {
    ASSERT_THAT(arrivals, SizeIs(testing::Gt(0U)));
    EXPECT_GE(delays(arrivals).front(), ms * (1 - kSlew));
    EXPECT_LE(median(arrivals), ms * (1 + kSlew) + late_ms());
    ASSERT_THAT(others_, SizeIs(testing::Gt(0U)));
    EXPECT_LT(median(others_), ms * (1 - kSlew));  // What is met takes no less.
  }
  /// Of those that were spoilt most are not taken; of the rest a bit was flipped in the address
  /// that they came from, 6 bytes, or in what no checksum of IPv6's is over, 4.5 bytes.
  static constexpr double kTakenAllTheSame = 10.5 / 142;

  /// What the filter does not meet.
  std::vector<Arrival> others_;
};

TEST_P(Netem, DelaysWhatIsMetAndNothingElse) {
  NetworkFault fault = to_port();
  fault.delay = 80ms;
  const auto arrivals = measured(fault, 100, 2ms);
  ASSERT_THAT(arrivals, SizeIs(100));
  expect_delayed(arrivals, 80);
  ASSERT_THAT(others_, SizeIs(50));
}

TEST_P(Netem, DelaysWhatComesIn) {
  NetworkFault fault = to_port();
  fault.direction = NetworkFault::Direction::kIn;
  fault.delay = 80ms;
  const auto arrivals = measured(fault, 100, 2ms, false);
  ASSERT_THAT(arrivals, SizeIs(100));
  expect_delayed(arrivals, 80);
  ASSERT_THAT(others_, SizeIs(50));
}

TEST_P(Netem, DelaysAllWhereNothingIsSaidOfWhatItMeets) {
  for (const auto way : {NetworkFault::Direction::kOut, NetworkFault::Direction::kIn}) {
    const bool from_a = way == NetworkFault::Direction::kOut;
    others_ = send_across(family(), 50, 1ms, kPort + 1, 100, from_a);  // While nothing is in force.
    const auto usual = others_;
    NetworkFault fault = on_va();
    fault.direction = way;
    fault.delay = 80ms;
    const auto arrivals = measured(fault, 100, 2ms, from_a);
    ASSERT_THAT(arrivals, SizeIs(100));
    ASSERT_THAT(others_, SizeIs(50));
    const auto all = delays(others_);
    EXPECT_GE(all.front(), 80 * (1 - kSlew)) << "of another port";
    others_ = usual;
    expect_delayed(arrivals, 80);
  }
}

TEST_P(Netem, IsMeasuredByItsOwnProbes) {
  probes_ = true;
  NetworkFault fault = to_port();
  fault.delay = 80ms;
  fault.direction = NetworkFault::Direction::kBoth;
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  EXPECT_THAT(send_across(family(), 1500, 2ms), SizeIs(1500));
  ASSERT_TRUE(ok(injected->active.revert()));
  const auto found = injected->look();
  EXPECT_TRUE(found.took) << found.why_not;
  EXPECT_THAT(found.seen, testing::ContainsRegex(
                              "; [789][0-9]([.][0-9])? ms more in the median of [0-9]+ probes; "
                              "coming in [89][0-9]([.][0-9])? ms in the median of [0-9]+ probes"));
}

TEST_P(Netem, DelaysACgroupAndNobodyElse) {
  mount_cgroups();
  if (HasFatalFailure()) return;
  probes_ = true;
  NetworkFault fault = on_va();
  fault.delay = 80ms;
  fault.of = TrafficOwner{.cgroup = "squall_test_" + groups_[0], .service = {}};
  enter(folder_of(groups_[0]));
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  const auto delayed = send_across(family(), 500, 4ms);
  ASSERT_THAT(delayed, SizeIs(500));
  enter(folder_of(groups_[1]));
  others_ = send_across(family(), 100, 1ms);
  ASSERT_THAT(others_, SizeIs(100));
  expect_delayed(delayed, 80);
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_TRUE(injected->look().took) << injected->look().why_not;
  EXPECT_THAT(injected->look().seen,
              testing::ContainsRegex("^500 packets met; through its class [789][0-9]([.][0-9])? ms "
                                     "more in the median of [0-9]+ probes"));
}

TEST_P(Netem, SpreadsDelaysAsTheDistributionHasItWithOrWithoutOrder) {
  using Distribution = Impairment::Distribution;
  constexpr std::uint32_t kCount = 400;
  // The quarters of each, in jitters from the delay: of a normal distribution, and of Pareto's of
  // shape 3, (1 - share)^(-1/3), whose mean is 1.5 and whose variance is 0.75. What is cut off
  // beyond four deviations takes 0.0234 from its mean, which all get back.
  const std::map<Distribution, std::array<double, 3>> quarters{
      {Distribution::kUniform, {-0.5, 0, 0.5}},
      {Distribution::kNormal, {-0.6745, 0, 0.6745}},
      {Distribution::kPareto, {-0.4377, -0.2538, 0.1243}}};
  for (const auto& [distribution, places] : quarters) {
    NetworkFault fault = to_port();
    fault.delay = 100ms;
    fault.jitter = 30ms;
    fault.distribution = distribution;
    fault.in_order = false;
    const auto spread = measured(fault, kCount, 2ms);
    ASSERT_THAT(spread, SizeIs(kCount));
    for (std::size_t i = 0; i < places.size(); ++i) {
      const double share = 0.25 * static_cast<double>(i + 1);
      EXPECT_TRUE(are_below(delays(spread), 100 + 30 * places.at(i), share, late_ms()));
    }
    EXPECT_GT(overtaken(spread), kCount / 4);
  }
  NetworkFault fault = to_port();
  fault.delay = 100ms;
  fault.jitter = 30ms;
  const auto ordered = measured(fault, kCount, 2ms);
  ASSERT_THAT(ordered, SizeIs(kCount));
  EXPECT_EQ(overtaken(ordered), 0U);
  // Each waits for the one before it, so that the mean is longer, and none is earlier than asked.
  const auto all = delays(ordered);
  EXPECT_GE(all.front(), 70 * (1 - kSlew));
  EXPECT_LE(all.back(), 130 * (1 + kSlew) + std::max(late_ms(), 100.0));
  EXPECT_GT(all.back() - all.front(), 10);
}

TEST_P(Netem, LosesInBursts) {
  constexpr std::uint32_t kCount = 5000;
  NetworkFault fault = to_port();
  // Bad a tenth of the time, in stretches of ten packets.
  fault.gilbert_elliott = GilbertElliott{.to_bad = {1.0 / 90}, .to_good = {0.1}};
  const auto arrivals = measured(fault, kCount, 100us);
  EXPECT_TRUE(come_of(kCount - arrivals.size(), kCount, *fault.gilbert_elliott));
  std::size_t runs = 0;
  std::size_t lost = 0;
  for (std::size_t i = 1; i < arrivals.size(); ++i) {
    const std::uint32_t between = arrivals[i].number - arrivals[i - 1].number - 1;
    lost += between;
    runs += between > 0 ? 1 : 0;
  }
  // Each lost packet is the last of its stretch with the chance that the chain becomes good.
  EXPECT_TRUE(come_of(runs, lost, 0.1));
  EXPECT_THAT(others_, SizeIs(50));
}

TEST_P(Netem, DoesAllOfThisToWhatComesIn) {
  constexpr std::uint32_t kCount = 1500;
  const auto coming_in = [this] {
    NetworkFault fault = to_port();
    fault.direction = NetworkFault::Direction::kIn;
    return fault;
  };
  NetworkFault twice = coming_in();
  twice.duplicate = Share{0.2};
  auto arrivals = measured(twice, kCount, 100us, false);
  EXPECT_TRUE(come_of(arrivals.size() - kCount, kCount, 0.2));

  NetworkFault spoilt = coming_in();
  spoilt.corrupt = Share{0.3};
  arrivals = measured(spoilt, kCount, 100us, false);
  EXPECT_TRUE(come_of(kCount - arrivals.size(), kCount, 0.3 * (1 - kTakenAllTheSame), 0.3));

  NetworkFault bursts = coming_in();
  bursts.gilbert_elliott = GilbertElliott{.to_bad = {0.05}, .to_good = {0.2}};
  arrivals = measured(bursts, kCount, 100us, false);
  EXPECT_TRUE(come_of(kCount - arrivals.size(), kCount, *bursts.gilbert_elliott));

  NetworkFault early = coming_in();
  early.delay = 100ms;
  early.reorder = Share{0.25};
  arrivals = measured(early, 500, 1ms, false);
  ASSERT_THAT(arrivals, SizeIs(500));
  EXPECT_TRUE(are_below(delays(arrivals), 50, 0.25, 0));

  NetworkFault spread = coming_in();
  spread.delay = 100ms;
  spread.jitter = 30ms;
  spread.in_order = false;
  arrivals = measured(spread, 300, 2ms, false);
  ASSERT_THAT(arrivals, SizeIs(300));
  for (const double quarter : {0.25, 0.5, 0.75}) {
    EXPECT_TRUE(are_below(delays(arrivals), 70 + 60 * quarter, quarter, late_ms()));
  }
  EXPECT_GT(overtaken(arrivals), 75U);
}

TEST_P(Netem, DuplicatesAndLosesTogether) {
  constexpr std::uint32_t kCount = 3000;
  NetworkFault fault = to_port();
  fault.duplicate = Share{0.2};
  fault.loss = Share{0.1};
  const auto arrivals = measured(fault, kCount, 100us);
  std::set<std::uint32_t> different;
  for (const Arrival& one : arrivals) different.insert(one.number);
  // A duplicate is of what was not lost, and enters at the root again, past the loss.
  EXPECT_TRUE(come_of(kCount - different.size(), kCount, 0.1));
  EXPECT_TRUE(come_of(arrivals.size() - different.size(), different.size(), 0.2));
  EXPECT_THAT(others_, SizeIs(50));
}

TEST_P(Netem, LetsTheShareThatWasAskedForOvertake) {
  constexpr std::uint32_t kCount = 1000;
  NetworkFault fault = to_port();
  fault.delay = 100ms;
  fault.reorder = Share{0.25};
  const auto arrivals = measured(fault, kCount, 1ms);
  ASSERT_THAT(arrivals, SizeIs(kCount));
  EXPECT_TRUE(are_below(delays(arrivals), 50, 0.25, 0));
}

TEST_P(Netem, SpoilsTheShareThatWasAskedFor) {
  constexpr std::uint32_t kCount = 2000;
  NetworkFault fault = to_port();
  fault.corrupt = Share{0.3};
  const auto arrivals = measured(fault, kCount, 100us);
  // A flipped bit is noticed by a checksum, or by whom it is for.
  EXPECT_TRUE(come_of(kCount - arrivals.size(), kCount, 0.3 * (1 - kTakenAllTheSame), 0.3));
  EXPECT_THAT(others_, SizeIs(50));
}

TEST_P(Netem, DelaysAndSlowsTogether) {
  NetworkFault fault = to_port();
  fault.delay = 100ms;
  fault.rate_bits_per_second = 1e6;
  const auto arrivals = measured(fault, 200, 0us);
  ASSERT_THAT(arrivals, SizeIs(200));
  EXPECT_GE(arrivals.front().delay_ms, 100 * (1 - kSlew));
  // 200 frames of 142 bytes (162 for IPv6) at 125 bytes/ms. A burst of 3100 leaves at once, and one
  // more frame, for which the class borrows of itself. htb keeps its rate in whole ticks of 64 ns.
  const double frame = family() == AF_INET ? 142 : 162;
  const double least = (199 * frame - 3100) / 125;
  const double took = arrivals.back().at_ms - arrivals.front().at_ms;
  EXPECT_GE(took, least * 0.99);
  // A timer that is late by more than the burst takes (25 ms) loses what is beyond it; and a slow
  // machine takes its time to send them.
  const double sending = arrivals.back().sent_ms() - arrivals.front().sent_ms();
  EXPECT_LE(took, least * 1.01 + 25 + late_ms() + sending);
}

INSTANTIATE_TEST_SUITE_P(Guest, Netem, testing::Values(AF_INET, AF_INET6),
                         [](const auto& one) { return one.param == AF_INET ? "IPv4" : "IPv6"; });

/// Kinds of root that a kernel with netem has too.
class GuestRootQdisc : public Lab, public testing::WithParamInterface<const char*> {};

TEST_P(GuestRootQdisc, IsPutBackBitForBit) {
  tc("qdisc replace dev va root handle 7: " + std::string(GetParam()));
  const auto before = state();
  NetworkFault fault = on_va();
  fault.delay = 20ms;
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  EXPECT_GT(mean(send_across(AF_INET, 20, 1ms)), 19);
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(state(), before);
  follow_the_lines(fault, [] {});
  EXPECT_EQ(state(), before);
}

INSTANTIATE_TEST_SUITE_P(
    Guest, GuestRootQdisc,
    testing::Values("fq", "fq_codel", "fq limit 77 maxrate 5mbit nopacing horizon 3s",
                    "fq_codel limit 99 flows 64 target 7ms noecn ce_threshold 3ms"));

TEST_F(Lab, PutsBackLeavesAndFiltersThatOnlyThisKernelHas) {
  tc("qdisc replace dev va root handle 1: htb default 10");
  tc("class add dev va parent 1: classid 1:10 htb rate 100mbit");
  tc("class add dev va parent 1: classid 1:20 htb rate 1mbit");
  tc("qdisc add dev va parent 1:10 handle 10: fq_codel limit 1000");
  tc("qdisc add dev va parent 1:20 handle 20: fq limit 500");
  tc("filter add dev va parent 1: protocol ip prio 2 handle 6 fw classid 1:20");
  const auto before = state();
  NetworkFault fault = on_va();
  fault.delay = 20ms;
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  EXPECT_GT(mean(send_across(AF_INET, 20, 1ms)), 19);
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(state(), before);
  follow_the_lines(fault, [] {});
  EXPECT_EQ(state(), before);
}

TEST_F(Lab, CanDoAllOnAKernelThatHasNetem) { EXPECT_EQ(capabilities_, Capabilities::all()); }

}  // namespace
}  // namespace squall::faults
