#include "generators/schedule/arrival_walk.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const OpenSchedule> schedule_of(const std::vector<Stage>& stages) {
  return std::make_shared<const OpenSchedule>(*OpenSchedule::make(stages));
}

const std::vector<Stage> kRampAndHold{{Rate{0}, Rate{500}, 2s}, {Rate{500}, Rate{500}, 3s}};

std::vector<Arrival> walk(const std::vector<Stage>& stages, Arrivals kind, std::uint64_t seed,
                          Slice slice = {}, std::optional<Split> split = {}) {
  std::vector<Arrival> all;
  for (ArrivalWalk arrivals(schedule_of(stages), kind, seed, slice, split); arrivals.peek();
       arrivals.pop()) {
    all.push_back(*arrivals.peek());
  }
  return all;
}

TEST(ArrivalWalk, SplitsARecordingToo) {
  const auto moments = std::make_shared<const std::vector<Duration>>(100, 1s);
  std::size_t found = 0;
  for (const bool takes : {false, true}) {
    for (ArrivalWalk arrivals(moments, {}, Split{.seed = 3, .share = 0.5, .takes = takes});
         arrivals.peek(); arrivals.pop()) {
      ++found;
    }
  }
  EXPECT_EQ(found, 100U);
}

class EachKind : public testing::TestWithParam<Arrivals> {};

TEST_P(EachKind, TheSlicesTogetherAreTheWholeInAnyDivision) {
  const auto whole = walk(kRampAndHold, GetParam(), 7);
  ASSERT_GT(whole.size(), 1000U);
  for (const auto& [agents, shards] : {std::pair{1, 2}, {3, 1}, {2, 5}}) {
    std::vector<Arrival> together;
    for (int agent = 0; agent < agents; ++agent) {
      const Slice of_agent =
          Slice{}.part(static_cast<std::uint64_t>(agent), static_cast<std::uint64_t>(agents));
      for (int shard = 0; shard < shards; ++shard) {
        const auto part = walk(
            kRampAndHold, GetParam(), 7,
            of_agent.part(static_cast<std::uint64_t>(shard), static_cast<std::uint64_t>(shards)));
        together.insert(together.end(), part.begin(), part.end());
      }
    }
    std::sort(together.begin(), together.end(),
              [](const Arrival& a, const Arrival& b) { return a.number < b.number; });
    EXPECT_EQ(together, whole);
  }
}

TEST_P(EachKind, BothSidesOfASplitTogetherAreTheWholeInAnyDivision) {
  const auto whole = walk(kRampAndHold, GetParam(), 7);
  std::vector<Arrival> together;
  std::size_t canary = 0;
  for (const bool takes : {false, true}) {
    for (std::uint64_t shard = 0; shard < 3; ++shard) {
      const auto part = walk(kRampAndHold, GetParam(), 7, Slice{}.part(shard, 3),
                             Split{.seed = 11, .share = 0.2, .takes = takes});
      if (takes) canary += part.size();
      together.insert(together.end(), part.begin(), part.end());
    }
  }
  std::sort(together.begin(), together.end(),
            [](const Arrival& a, const Arrival& b) { return a.number < b.number; });
  EXPECT_EQ(together, whole);
  // A binomial draw: 20 % of some 2,000 are 400, with a standard deviation of 18.
  const auto expected = 0.2 * static_cast<double>(whole.size());
  EXPECT_NEAR(static_cast<double>(canary), expected, 4 * std::sqrt(0.8 * expected));
}

TEST_P(EachKind, ArrivalsAreInOrderAndNumberedWithoutGaps) {
  const auto whole = walk(kRampAndHold, GetParam(), 7);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(whole[i].number, i);
    EXPECT_GE(whole[i].due, i > 0 ? whole[i - 1].due : 0s);
    EXPECT_LE(whole[i].due, 5s);
  }
}

INSTANTIATE_TEST_SUITE_P(ArrivalWalk, EachKind,
                         testing::Values(Arrivals::kConstant, Arrivals::kPoisson));

TEST(ArrivalWalk, ConstantArrivalsAreAllOfTheSchedule) {
  EXPECT_EQ(walk(kRampAndHold, Arrivals::kConstant, 1).size(), 2000U);
}

TEST(ArrivalWalk, PoissonArrivalsFollowTheirSeed) {
  const auto once = walk(kRampAndHold, Arrivals::kPoisson, 1);
  EXPECT_EQ(once, walk(kRampAndHold, Arrivals::kPoisson, 1));
  EXPECT_NE(once, walk(kRampAndHold, Arrivals::kPoisson, 2));
}

TEST(ArrivalWalk, PoissonCountsPerSecondHaveTheVarianceOfTheirMean) {
  constexpr int kSeconds = 2000;
  std::vector<int> counts(kSeconds, 0);
  for (const Arrival& arrival :
       walk({{Rate{50}, Rate{50}, std::chrono::seconds(kSeconds)}}, Arrivals::kPoisson, 11)) {
    ++counts[static_cast<std::size_t>(std::min<std::int64_t>(arrival.due / 1s, kSeconds - 1))];
  }
  double mean = 0;
  for (const int count : counts) mean += count;
  mean /= kSeconds;
  double variance = 0;
  for (const int count : counts) variance += (count - mean) * (count - mean);
  variance /= kSeconds;
  EXPECT_NEAR(mean, 50, 0.7);
  EXPECT_NEAR(variance, 50, 6);
}

TEST(ArrivalWalk, PoissonArrivalsFollowTheRateOfTheStages) {
  std::size_t in_ramp = 0;
  const auto all =
      walk({{Rate{0}, Rate{2000}, 10s}, {Rate{2000}, Rate{2000}, 10s}}, Arrivals::kPoisson, 5);
  for (const Arrival& arrival : all) in_ramp += arrival.due < 10s ? 1U : 0U;
  EXPECT_NEAR(static_cast<double>(in_ramp), 10'000, 400);
  EXPECT_NEAR(static_cast<double>(all.size()), 30'000, 700);
}

TEST_P(EachKind, AChangeKeepsWhatWasDueBeforeItAndGoesOnAtTheNewRate) {
  const auto before = schedule_of({{Rate{300}, Rate{300}, 60s}});
  const auto changed =
      std::make_shared<const OpenSchedule>(*before->changed_at(4s, {{Rate{900}, Rate{900}, 4s}}));
  EXPECT_EQ(changed->length(), 8s);
  EXPECT_NEAR(changed->expected(), 4 * 300 + 4 * 900, 1e-6);
  std::vector<Arrival> together;
  for (std::uint64_t part = 0; part < 3; ++part) {
    ArrivalWalk walked(before, GetParam(), 7, Slice{}.part(part, 3));
    // Each part hears of it at another moment before the change.
    const Duration heard = 1s + part * 1s;
    while (walked.peek()->due < heard) {
      together.push_back(*walked.peek());
      walked.pop();
    }
    walked.change(changed);
    for (; walked.peek(); walked.pop()) together.push_back(*walked.peek());
  }
  std::sort(together.begin(), together.end(),
            [](const Arrival& a, const Arrival& b) { return a.number < b.number; });
  const auto whole = walk({{Rate{300}, Rate{300}, 4s}, {Rate{900}, Rate{900}, 4s}}, GetParam(), 7);
  EXPECT_EQ(together, whole);
}

TEST_P(EachKind, AChangeWakesALoadThatWasAtItsEnd) {
  const auto before = schedule_of({{Rate{100}, Rate{100}, 1s}});
  ArrivalWalk walked(before, GetParam(), 7, {});
  while (walked.peek()) walked.pop();
  walked.change(
      std::make_shared<const OpenSchedule>(*before->changed_at(2s, {{Rate{100}, Rate{100}, 1s}})));
  ASSERT_TRUE(walked.peek());
  EXPECT_GE(walked.peek()->due, 2s);
  EXPECT_EQ(walk({{Rate{100}, Rate{100}, 1s}}, GetParam(), 7).size(), walked.peek()->number);
}

}  // namespace
}  // namespace squall::generators
