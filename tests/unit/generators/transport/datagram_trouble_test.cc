#include "generators/transport/datagram_trouble.h"

#include <string_view>

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

using namespace std::chrono_literals;

TEST(DatagramTrouble, LetsAllPassWhereNothingIsAskedFor) {
  DatagramTrouble trouble({}, 1);
  for (int i = 0; i < 100; ++i) {
    const auto fate = trouble.meet(1200);
    EXPECT_EQ(fate.copies, 1);
    EXPECT_EQ(fate.held, Duration::zero());
  }
  EXPECT_EQ(trouble.tally.datagrams, 100U);
}

TEST(DatagramTrouble, SwallowsWhatIsTooLargeAndNothingElse) {
  Disturbance what;
  what.mtu = Bytes{1252};
  DatagramTrouble trouble(what, 1);
  EXPECT_EQ(trouble.meet(1252).copies, 1);
  EXPECT_EQ(trouble.meet(1253).copies, 0);
  EXPECT_EQ(trouble.tally.too_large, 1U);
  EXPECT_EQ(trouble.tally.dropped, 0U);
}

TEST(DatagramTrouble, DoesAsOftenAsAskedForAndCountsIt) {
  Disturbance what;
  what.loss = {0.1};
  what.duplicate = {0.2};
  what.reorder = {0.3};
  what.delay = 10ms;
  DatagramTrouble trouble(what, 42);
  int lost = 0;
  int twice = 0;
  int late = 0;
  constexpr int kMany = 10'000;
  for (int i = 0; i < kMany; ++i) {
    const auto fate = trouble.meet(100);
    lost += fate.copies == 0 ? 1 : 0;
    twice += fate.copies == 2 ? 1 : 0;
    if (fate.copies == 0) continue;
    EXPECT_GE(fate.held, 10ms);
    late += fate.held > 10ms ? 1 : 0;
  }
  EXPECT_NEAR(lost, 1000, 200);
  EXPECT_NEAR(twice, 1800, 250);
  EXPECT_NEAR(late, 2700, 300);
  EXPECT_EQ(trouble.tally.dropped, static_cast<std::uint64_t>(lost));
  EXPECT_EQ(trouble.tally.duplicated, static_cast<std::uint64_t>(twice));
  EXPECT_EQ(trouble.tally.held_back, static_cast<std::uint64_t>(late));
}

TEST(HeldDatagrams, GoOnWhenTheirTimeHasComeAndOfOneMomentInTheirOrder) {
  HeldDatagrams held;
  EXPECT_FALSE(held.next());
  const auto hold = [&](Duration until, std::string_view text) {
    held.hold(Instant(until), true, text, Ecn::kEct0);
  };
  hold(3s, "late");
  hold(1s, "first");
  hold(1s, "second");
  EXPECT_EQ(held.next(), Instant(1s));
  EXPECT_FALSE(held.take(Instant(999ms)));
  const auto text = [](const HeldDatagram& one) {
    return std::string_view(one.bytes.data(), one.bytes.size());
  };
  auto one = held.take(Instant(2s));
  ASSERT_TRUE(one);
  EXPECT_EQ(text(*one), "first");
  EXPECT_EQ(one->ecn, Ecn::kEct0);
  one = held.take(Instant(2s));
  ASSERT_TRUE(one);
  EXPECT_EQ(text(*one), "second");
  EXPECT_FALSE(held.take(Instant(2s)));
  EXPECT_EQ(held.next(), Instant(3s));
}

}  // namespace
}  // namespace squall::generators
