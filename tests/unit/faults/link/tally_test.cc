#include "faults/link/tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// A tally of datagrams in both directions of which so many were lost.
LinkTally of_datagrams(std::uint64_t all, std::uint64_t lost) {
  LinkTally tally;
  for (DirectionTally* way : {&tally.up, &tally.down}) {
    way->datagrams = all;
    way->lost = lost;
    way->bytes = 1200 * (all - lost);
  }
  tally.in_force = 10s;
  return tally;
}

LinkFault both_ways(const Impairment& impairment) {
  LinkFault fault;
  fault.up = fault.down = impairment;
  return fault;
}

TEST(LinkFinding, SaysHowMuchOfHowManyWasLost) {
  const auto finding = judge(both_ways({.loss = {0.02}}), of_datagrams(10'423, 205));
  EXPECT_TRUE(finding.took) << finding.why_not;
  EXPECT_EQ(finding.seen,
            "up: loss 1.97 % of 10423 datagrams; down: loss 1.97 % of 10423 datagrams");
}

TEST(LinkFinding, IsIneffectiveWhenNothingPassed) {
  const auto finding = judge(both_ways({.delay = 20ms}), LinkTally{});
  EXPECT_FALSE(finding.took);
  EXPECT_EQ(finding.why_not, "nothing passed through it");
}

TEST(LinkFinding, IsIneffectiveWhenNothingWasLost) {
  const auto finding = judge(both_ways({.loss = {0.02}}), of_datagrams(50, 0));
  EXPECT_FALSE(finding.took);
  EXPECT_EQ(finding.why_not, "nothing was lost");
}

TEST(LinkFinding, IsIneffectiveWhenFarMoreOrLessWasLostThanAsked) {
  EXPECT_TRUE(judge(both_ways({.loss = {0.02}}), of_datagrams(10'000, 270)).took);
  EXPECT_FALSE(judge(both_ways({.loss = {0.02}}), of_datagrams(10'000, 300)).took);
  EXPECT_FALSE(judge(both_ways({.loss = {0.02}}), of_datagrams(10'000, 100)).took);
}

TEST(LinkFinding, AllowsLossesInBurstsToVaryMore) {
  const GilbertElliott chain{.to_bad = {0.0051}, .to_good = {0.25}};  // 2 %, in bursts of four.
  EXPECT_TRUE(judge(both_ways({.gilbert_elliott = chain}), of_datagrams(10'000, 300)).took);
}

TEST(LinkFinding, ComparesTheMeanDelayWithWhatWasAsked) {
  LinkTally tally = of_datagrams(2, 0);
  for (DirectionTally* way : {&tally.up, &tally.down}) {
    way->count_delivery(30ms, 1200);
    way->count_delivery(50ms, 1200);
  }
  const auto right = judge(both_ways({.delay = 40ms}), tally);
  EXPECT_TRUE(right.took) << right.why_not;
  EXPECT_THAT(right.seen, HasSubstr("up: delay 40 ms +/- 10 ms"));
  const auto wrong = judge(both_ways({.delay = 60ms}), tally);
  EXPECT_EQ(wrong.why_not, "the delay is shorter than what was asked for");
}

TEST(LinkFinding, TellsTheDelayWithoutWhatWasWaitedForStalls) {
  LinkTally tally;
  tally.up.segments = tally.down.segments = 4;
  tally.up.stalled = tally.down.stalled = 1;
  for (DirectionTally* way : {&tally.up, &tally.down}) {
    way->count_delivery(30ms, 1200);
    way->count_delivery(50ms, 1200);
    way->count_delivery(240ms, 1200, 200ms);
    way->count_delivery(140ms, 1200, 100ms);  // Behind it.
  }
  const auto finding = judge(both_ways({.delay = 40ms, .loss = {0.25}}), tally);
  EXPECT_TRUE(finding.took) << finding.why_not;
  EXPECT_THAT(finding.seen,
              HasSubstr("up: delay 40 ms +/- 7.07 ms, stalls as for loss 25 % of 4 segments (50 % "
                        "of 4 pieces waited 150 ms more for them in the mean); down: "));
}

TEST(LinkFinding, TellsStallsOfStreamsFromLossesOfDatagrams) {
  LinkTally tally;
  tally.up.segments = tally.down.segments = 5000;
  tally.up.stalled = tally.down.stalled = 101;
  tally.in_force = 10s;
  const auto finding = judge(both_ways({.loss = {0.02}}), tally);
  EXPECT_TRUE(finding.took) << finding.why_not;
  EXPECT_THAT(finding.seen, HasSubstr("stalls as for loss 2.02 % of 5000 segments"));
}

TEST(LinkFinding, IsIneffectiveWhenMorePassedThanTheRateAllows) {
  LinkTally tally = of_datagrams(10'000, 0);  // 12 MB in 10 s: 9.6 mbit/s.
  EXPECT_TRUE(judge(both_ways({.rate_bits_per_second = 10e6}), tally).took);
  EXPECT_FALSE(judge(both_ways({.rate_bits_per_second = 5e6}), tally).took);
}

TEST(LinkFinding, OfOneDirectionAsksNothingOfTheOther) {
  LinkFault fault;
  fault.down.loss = {0.02};
  LinkTally tally = of_datagrams(10'000, 200);
  tally.up.lost = 0;
  const auto finding = judge(fault, tally);
  EXPECT_TRUE(finding.took) << finding.why_not;
  EXPECT_EQ(finding.seen, "up: 11760000 bytes passed; down: loss 2 % of 10000 datagrams");
}

TEST(LinkFinding, NamesWhatNeverHappened) {
  const LinkTally quiet = of_datagrams(100, 0);
  const auto why_not = [&](const LinkFault& asked) { return judge(asked, quiet).why_not; };
  EXPECT_EQ(why_not(both_ways({.duplicate = {0.1}})), "nothing came twice");
  EXPECT_EQ(why_not(both_ways({.corrupt = {0.1}})), "nothing was corrupted");
  EXPECT_EQ(why_not(both_ways({.delay = 1ms, .reorder = {0.1}})), "nothing was reordered");
  EXPECT_EQ(why_not(both_ways({.mtu = Bytes{9000}})), "nothing was too large");
  LinkFault fault;
  fault.half_open = true;
  EXPECT_EQ(why_not(fault), "no connection was made meanwhile");
  fault = {};
  fault.reset_after = 1s;
  EXPECT_EQ(why_not(fault), "no connection was reset");
  fault = {};
  fault.black_hole = true;
  EXPECT_EQ(why_not(fault), "nothing came that could have been held");
  fault = {};
  fault.refuse = true;
  EXPECT_EQ(why_not(fault), "connections are not refused");
  fault = {};
  fault.slow_close = 1s;
  EXPECT_EQ(why_not(fault), "no stream ended");
  fault = {};
  fault.rebind_every = 1s;
  EXPECT_EQ(why_not(fault), "there was no flow to rebind");
}

TEST(LinkFinding, ARefusalThatWasTriedIsEnoughAndOneThatWasNotIsNot) {
  LinkFault fault;
  fault.refuse = true;
  LinkTally tally;
  EXPECT_FALSE(judge(fault, tally).took) << "nobody has tried";
  tally.tries = 2;
  tally.refusals = 2;
  EXPECT_TRUE(judge(fault, tally).took);
  tally.refusals = 1;
  tally.up.bytes = 100;
  EXPECT_EQ(judge(fault, tally).why_not, "connections are not refused");
}

}  // namespace
}  // namespace squall::faults
