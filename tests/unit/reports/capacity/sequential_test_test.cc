#include "reports/capacity/sequential_test.h"

#include <gtest/gtest.h>

#include "generators/schedule/random.h"

namespace squall::reports {
namespace {

using Answer = SequentialTest::Answer;

TEST(SequentialTest, NeedsNoMoreGoodSamplesThanItSays) {
  // ln(0.95/0.05) = 2.944; each good one gives ln((1 - 0.00667)/(1 - 0.015)) = 0.00842: 350.
  const double least = SequentialTest::least_samples(0.01, 0.95);
  EXPECT_NEAR(least, 350, 1);
  SequentialTest test(0.01, 0.95);
  test.add(least - 1, 0);
  EXPECT_EQ(test.answer(), Answer::kOpen);
  test.add(1, 0);
  EXPECT_EQ(test.answer(), Answer::kGood);
}

TEST(SequentialTest, SaysBadAsSoonAsThereAreFarTooMany) {
  SequentialTest test(0.01, 0.95);
  test.add(100, 60);
  EXPECT_EQ(test.answer(), Answer::kBad);
}

TEST(SequentialTest, TakesOneBadRequestForARefutationWhereNoneIsAllowed) {
  SequentialTest test(0, 0.95);
  test.add(10'000, 1);
  EXPECT_EQ(test.answer(), Answer::kBad);
}

TEST(SequentialTest, WantsMoreSamplesWhereBadOnesComeInBursts) {
  SequentialTest spread(0.01, 0.95);
  SequentialTest bursts(0.01, 0.95);
  for (int second = 0; second < 8; ++second) {
    spread.add(100, 2);
    bursts.add(100, second == 3 ? 16 : 0);
  }
  EXPECT_EQ(spread.answer(), Answer::kBad);
  EXPECT_EQ(bursts.answer(), Answer::kOpen);
  EXPECT_GT(bursts.dispersion(), 5);
}

TEST(SequentialTest, ErrsNoMoreOftenThanItsConfidenceAllows) {
  // Independent requests, 1.5 times better and worse than allowed: what it tells apart.
  generators::Random random(11);
  int wrong = 0;
  constexpr int kTests = 400;
  for (int i = 0; i < kTests; ++i) {
    const bool is_good = i % 2 == 0;
    SequentialTest test(0.01, 0.95);
    while (test.answer() == Answer::kOpen) {
      int bad = 0;
      for (int k = 0; k < 200; ++k) bad += random.unit() < (is_good ? 0.01 / 1.5 : 0.015) ? 1 : 0;
      test.add(200, bad);
    }
    wrong += (test.answer() == Answer::kGood) != is_good ? 1 : 0;
  }
  EXPECT_LE(wrong, kTests * 7 / 100);  // 5 %, and what chance adds: 20 ± 4.4.
}

}  // namespace
}  // namespace squall::reports
