#include "generators/load/blame.h"

#include <chrono>

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

using namespace std::chrono_literals;

TEST(Blame, IsNobodysWhileNothingIsKnown) {
  Blame blame;
  EXPECT_FALSE(blame.is_ours());
  blame.ended(0ns, 0ns);
  EXPECT_FALSE(blame.is_ours());
}

TEST(Blame, IsTheTargetsWhenAnswersWereReadAsSoonAsTheyCame) {
  Blame blame;
  for (int i = 0; i < 100; ++i) blame.ended(1s, 2ms);
  EXPECT_FALSE(blame.is_ours());
}

TEST(Blame, IsOursWhenAnswersMayHaveLainUnreadForMoreThanAThirdOfTheTime) {
  Blame slow;
  Blame slower;
  for (int i = 0; i < 100; ++i) slow.ended(100ms, 33ms);
  for (int i = 0; i < 100; ++i) slower.ended(100ms, 34ms);
  EXPECT_FALSE(slow.is_ours());
  EXPECT_TRUE(slower.is_ours());
}

TEST(Blame, IsNotOursForAnswersThatWaitedForOnePassOfTheLoop) {
  Blame blame;
  for (int i = 0; i < 100; ++i) blame.ended(100us, 50us);
  EXPECT_FALSE(blame.is_ours());
}

TEST(Blame, OfARequestIsNeverMoreThanItsOwnTime) {
  Blame blame;
  blame.ended(10ms, 1h);  // The loop has been behind for long.
  blame.ended(50ms, 0ns);
  EXPECT_FALSE(blame.is_ours());
}

TEST(Blame, OfAStallOutweighsTheCatchingUp) {
  // Ten streams held for a second; then a thousand answers in a tenth of a second, without a pause
  // of the loop: each stream again and again, for 0.1 s in all.
  Blame blame;
  for (int i = 0; i < 10; ++i) blame.ended(1s, 1ms);
  for (int i = 0; i < 1000; ++i) blame.ended(1ms, 1ms);
  EXPECT_FALSE(blame.is_ours());
}

TEST(Blame, OfALateLoopLastsUntilTheTargetHasHadTheStreamsForLonger) {
  Blame blame;
  for (int i = 0; i < 10; ++i) blame.late(90ms);
  for (int i = 0; i < 80; ++i) blame.ended(1ms, 0ns);
  EXPECT_TRUE(blame.is_ours());
  for (int i = 0; i < 2000; ++i) blame.ended(1ms, 0ns);
  EXPECT_FALSE(blame.is_ours());
}

TEST(Blame, FadesInFavourOfThePresent) {
  Blame blame;
  blame.ended(10s, 0ns);
  for (int second = 0; second < 5; ++second) {
    blame.fade();
    blame.ended(1s, 1s);
  }
  EXPECT_TRUE(blame.is_ours());
  blame.clear();
  EXPECT_FALSE(blame.is_ours());
}

}  // namespace
}  // namespace squall::generators
