#include "harness/control/clock_exchange.h"

#include <chrono>

#include <gtest/gtest.h>

#include "harness/control/lease.h"

namespace squall::control {
namespace {

using namespace std::chrono_literals;

/// A machine whose clocks the test moves: time goes by for both, and the wall's may be set.
struct Machine {
  explicit Machine(Duration up) : steady(up) {}

  Clocks clocks() {
    return {.steady = [this] { return steady; }, .wall = [this] { return wall; }};
  }
  void pass(Duration length) {
    steady += length;
    wall += std::chrono::duration_cast<WallTime::duration>(length);
  }
  void set_wall_by(Duration step) { wall += std::chrono::duration_cast<WallTime::duration>(step); }

  Instant steady;
  WallTime wall{std::chrono::hours(24 * 365 * 50)};
};

/// A coordinator that has been up for an hour, an agent for three, and 5 ms between them.
class ClockExchange : public testing::Test {
 protected:
  static constexpr Duration kAhead = 2h;
  static constexpr Duration kOneWay = 5ms;

  void pass(Duration length) {
    coordinator_.pass(length);
    agent_.pass(length);
  }
  /// A lease is granted and answered; `under_way` happens before the answer is read.
  template <typename Happens>
  void exchange(Happens under_way) {
    const wire::Lease lease = grant(coordinator_.steady, offset_);
    pass(kOneWay);
    if (lease.agent_ns() != 0) lease_.renew(Instant(Duration(lease.agent_ns())));
    const wire::LeaseSeen seen = answer(lease, agent_.clocks());
    pass(kOneWay);
    const Instant arrived = coordinator_.steady;
    pass(1ms);  // It waits for a moment before it is read.
    under_way();
    take(seen, arrived, coordinator_.clocks(), offset_, wall_offset_);
  }
  void exchange() {
    exchange([] {});
  }
  void exchange_for(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      exchange();
      pass(1s);
    }
  }

  Machine coordinator_{1h};
  Machine agent_{1h + kAhead};
  ClockOffset offset_;
  ClockOffset wall_offset_;
  Lease lease_{5s, agent_.steady};
};

TEST_F(ClockExchange, FindsHowFarTheAgentsClocksAreAhead) {
  agent_.set_wall_by(250ms);
  exchange_for(3);
  EXPECT_EQ(offset_.offset(), kAhead);
  EXPECT_EQ(offset_.error(), kOneWay);
  EXPECT_EQ(wall_offset_.offset(), 250ms);
}

TEST_F(ClockExchange, AStepOfAWallsClockChangesNeitherOffsetNorErrorNorLease) {
  exchange_for(3);
  for (Machine* const machine : {&agent_, &coordinator_}) {
    for (const Duration step : {Duration(1h), Duration(-2h), Duration(37s)}) {
      machine->set_wall_by(step);
      exchange();
      EXPECT_EQ(offset_.offset(), kAhead);
      EXPECT_EQ(offset_.error(), kOneWay);
      pass(4s);  // Less than the lease, which was renewed before.
      EXPECT_FALSE(lease_.has_lapsed(agent_.steady));
      // A start named for both is the same moment for both.
      const Instant start = coordinator_.steady + 700ms;
      EXPECT_EQ(start + offset_.offset() - agent_.steady, start - coordinator_.steady);
    }
  }
  pass(2s);
  EXPECT_TRUE(lease_.has_lapsed(agent_.steady)) << "nothing renews it but the coordinator";
}

TEST_F(ClockExchange, AStepWhileAnAnswerIsUnderWayChangesNoOffsetEither) {
  exchange_for(3);
  exchange([this] { coordinator_.set_wall_by(-1h); });
  exchange([this] { agent_.set_wall_by(1h); });
  EXPECT_EQ(offset_.offset(), kAhead);
  EXPECT_EQ(offset_.round_trip(), 2 * kOneWay);
}

TEST_F(ClockExchange, PeopleAreToldOfTheStepWhenOlderExchangesAreForgotten) {
  exchange_for(3);
  EXPECT_EQ(wall_offset_.offset(), 0s);
  agent_.set_wall_by(1h);
  exchange_for(static_cast<int>(ClockOffset::kRecent));
  EXPECT_EQ(wall_offset_.offset(), 1h);
  EXPECT_EQ(offset_.offset(), kAhead);
}

TEST_F(ClockExchange, GrantsNoMomentOfAnUnknownClock) {
  EXPECT_EQ(grant(coordinator_.steady, offset_).agent_ns(), 0);
  exchange();
  EXPECT_EQ(grant(coordinator_.steady, offset_).agent_ns(), (agent_.steady - Instant()).count());
}

}  // namespace
}  // namespace squall::control
