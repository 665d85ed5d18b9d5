// What a kernel with netem does where nothing is said of what it meets: to all packets of an
// interface.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "tests/integration/network/lab.h"
#include "tests/integration/network/tolerance.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::SizeIs;

/// What is done to all packets of an interface, of both families and both ways at once.
class UnfilteredNetem : public Lab {
 protected:
  struct Flow {
    int family = 0;
    bool goes_out = false;
    std::vector<Arrival> arrivals{};

    std::vector<double> delays() const {
      std::vector<double> all;
      for (const Arrival& one : arrivals) all.push_back(one.delay_ms);
      std::sort(all.begin(), all.end());
      return all;
    }
    std::string name() const {
      return std::string(family == AF_INET ? "IPv4" : "IPv6") + (goes_out ? " out" : " in");
    }
  };
  using Check = std::function<void(const Flow&)>;

  std::vector<Flow> sent(std::uint32_t count, std::chrono::microseconds gap) {
    std::vector<Flow> flows{{AF_INET, true}, {AF_INET6, true}, {AF_INET, false}, {AF_INET6, false}};
    std::vector<std::thread> senders;
    for (std::size_t i = 0; i < flows.size(); ++i) {
      senders.emplace_back([this, &flow = flows[i], count, gap, i] {
        const auto port = static_cast<std::uint16_t>(kPort + i);
        flow.arrivals = send_across(flow.family, count, gap, port, 100, flow.goes_out);
      });
    }
    for (std::thread& sender : senders) sender.join();
    return flows;
  }

  /// Injects, measures, reverts; what is left must be what was there.
  std::vector<Flow> measured(NetworkFault fault, std::uint32_t count,
                             std::chrono::microseconds gap) {
    fault.direction = NetworkFault::Direction::kBoth;
    const auto before = state();
    auto injected = inject_it(fault);
    EXPECT_TRUE(ok(injected));
    if (!injected) return {};
    auto flows = sent(count, gap);
    EXPECT_TRUE(ok(injected->active.revert()));
    EXPECT_TRUE(injected->look().took) << injected->look().why_not;
    EXPECT_EQ(state(), before);
    return flows;
  }
  void measure(const NetworkFault& fault, std::uint32_t count, std::chrono::microseconds gap,
               const Check& check) {
    const auto flows = measured(fault, count, gap);
    EXPECT_THAT(flows, SizeIs(4));
    for (const Flow& flow : flows) {
      SCOPED_TRACE(flow.name());
      check(flow);
    }
  }

  /// How late a packet may be for all that is not the fault, as Netem has it: what they took when
  /// there was none.
  double late_ms() {
    if (!usual_ms_) {
      usual_ms_ = 0;
      for (const Flow& flow : sent(100, 1ms)) {
        if (!flow.arrivals.empty()) usual_ms_ = std::max(*usual_ms_, flow.delays().back());
      }
    }
    return *usual_ms_ + kTickMs + latest_wake_ms_;
  }

 private:
  std::optional<double> usual_ms_;
};

TEST_F(UnfilteredNetem, SpreadsTheDelaysOfAll) {
  NetworkFault fault = on_va();
  fault.delay = 100ms;
  fault.jitter = 30ms;
  fault.in_order = false;
  late_ms();
  measure(fault, 300, 2ms, [&](const Flow& flow) {
    ASSERT_THAT(flow.arrivals, SizeIs(300));
    for (const double quarter : {0.25, 0.5, 0.75}) {
      EXPECT_TRUE(are_below(flow.delays(), 70 + 60 * quarter, quarter, late_ms()));
    }
    EXPECT_GT(overtaken(flow.arrivals), 75U);
  });
}

TEST_F(UnfilteredNetem, LosesDuplicatesAndLetsOvertakeOfAll) {
  constexpr std::uint32_t kCount = 1500;
  NetworkFault lossy = on_va();
  lossy.loss = Share{0.2};
  measure(lossy, kCount, 100us, [](const Flow& flow) {
    EXPECT_TRUE(come_of(kCount - flow.arrivals.size(), kCount, 0.2));
  });
  NetworkFault twice = on_va();
  twice.duplicate = Share{0.2};
  measure(twice, kCount, 100us, [](const Flow& flow) {
    EXPECT_TRUE(come_of(flow.arrivals.size() - kCount, kCount, 0.2));
  });
  NetworkFault early = on_va();
  early.delay = 200ms;
  early.reorder = Share{0.25};
  measure(early, 500, 1ms, [](const Flow& flow) {
    ASSERT_THAT(flow.arrivals, SizeIs(500));
    EXPECT_TRUE(are_below(flow.delays(), 150, 0.25, 0));
  });
}

TEST_F(UnfilteredNetem, SlowsAllTogether) {
  constexpr std::uint32_t kCount = 200;
  NetworkFault fault = on_va();
  fault.rate_bits_per_second = 1e6;
  late_ms();
  const auto flows = measured(fault, kCount, 0us);
  ASSERT_THAT(flows, SizeIs(4));
  for (const bool goes_out : {true, false}) {
    std::vector<Arrival> both;
    for (const Flow& flow : flows) {
      if (flow.goes_out != goes_out) continue;
      EXPECT_THAT(flow.arrivals, SizeIs(kCount)) << flow.name();
      both.insert(both.end(), flow.arrivals.begin(), flow.arrivals.end());
    }
    ASSERT_THAT(both, SizeIs(2 * kCount));
    const auto last = std::max_element(
        both.begin(), both.end(), [](const auto& a, const auto& b) { return a.at_ms < b.at_ms; });
    const auto [earliest, latest] =
        std::minmax_element(both.begin(), both.end(),
                            [](const auto& a, const auto& b) { return a.sent_ms() < b.sent_ms(); });
    // As DelaysAndSlowsTogether has it, with the frames of both families in one queue.
    const double least = (kCount * (142.0 + 162.0) - 162 - 3100) / 125;
    // From the first send, since the first to arrive may have been late.
    const double took = last->at_ms - earliest->sent_ms();
    EXPECT_GE(took, least * 0.99);
    EXPECT_LE(took, least * 1.01 + 25 + late_ms() + latest->sent_ms() - earliest->sent_ms());
  }
}

TEST_F(Lab, LetsAFaultComeForTheSamePacketsWhileThoseThatTheOneBeforeDelayedStillArrive) {
  constexpr std::uint32_t kCount = 20;
  const auto before = state();
  NetworkFault slow = on_va();
  slow.delay = 900ms;
  auto earlier = inject_it(slow);
  ASSERT_TRUE(ok(earlier));
  patience_ms_ = 2000;
  auto sending = std::async(std::launch::async, [&] { return send_across(AF_INET, kCount, 1ms); });
  const auto are_waiting = [&] {
    const auto network = networks_.open(space_);
    if (!network) return false;
    const auto qdiscs = (*network)->qdiscs();
    return qdiscs && std::any_of((*qdiscs).begin(), (*qdiscs).end(), [](const Qdisc& one) {
             return one.kind == "netem" && one.waiting >= kCount;
           });
  };
  ASSERT_TRUE(eventually(20s, are_waiting));
  earlier->let_go();
  auto going = std::async(std::launch::async, [&] { return earlier->active.revert(); });
  NetworkFault slower = on_va();
  slower.delay = 100ms;
  auto later = inject_it(slower);
  ASSERT_TRUE(ok(later));
  const auto delayed = sending.get();
  ASSERT_THAT(delayed, SizeIs(kCount)) << "what is delayed is not lost";
  for (const Arrival& one : delayed) EXPECT_GE(one.delay_ms, 900 * (1 - kSlew));
  ASSERT_TRUE(ok(going.get()));
  patience_ms_ = 700;
  EXPECT_TRUE(earlier->look().took) << earlier->look().why_not;
  const auto arrivals = send_across(AF_INET, kCount, 1ms);
  ASSERT_THAT(arrivals, SizeIs(kCount));
  for (const Arrival& one : arrivals) {
    EXPECT_GE(one.delay_ms, 100 * (1 - kSlew));
    EXPECT_LT(one.delay_ms, 900);
  }
  ASSERT_TRUE(ok(later->active.revert()));
  EXPECT_TRUE(later->look().took) << later->look().why_not;
  EXPECT_EQ(state(), before);
}

}  // namespace
}  // namespace squall::faults
