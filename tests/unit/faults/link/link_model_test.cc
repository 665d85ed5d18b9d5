#include "faults/link/link_model.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using Distribution = Impairment::Distribution;

constexpr int kMany = 100'000;
constexpr Instant kStart{1h};
constexpr std::size_t kSize = 1200;

/// Sends datagrams one every `gap` and keeps what became of them.
std::vector<Fate> send(const Impairment& impairment, Duration gap, std::uint64_t seed,
                       int count = kMany) {
  LinkModel model(impairment, seed);
  Flow flow;
  std::vector<Fate> fates;
  for (int i = 0; i < count; ++i) fates.push_back(model.datagram(kStart + i * gap, kSize, flow));
  return fates;
}

/// The delays of those that arrived, in milliseconds, in order of size.
std::vector<double> delays_ms(const std::vector<Fate>& fates, Duration gap) {
  std::vector<double> delays;
  for (std::size_t i = 0; i < fates.size(); ++i) {
    if (fates[i].kind != Fate::Kind::kPass) continue;
    delays.push_back(to_milliseconds(fates[i].at - (kStart + static_cast<int>(i) * gap)));
  }
  std::sort(delays.begin(), delays.end());
  return delays;
}

/// The greatest distance between a sample's distribution and the one that is asked for
/// (Kolmogorov, Smirnov), times the square root of its size: above 1.95 once in a thousand samples.
double kolmogorov(const std::vector<double>& sorted, const std::function<double(double)>& asked) {
  double distance = 0;
  const auto count = static_cast<double>(sorted.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const double expected = asked(sorted[i]);
    distance = std::max({distance, std::abs(expected - static_cast<double>(i) / count),
                         std::abs(expected - static_cast<double>(i + 1) / count)});
  }
  return distance * std::sqrt(count);
}

constexpr double kOnceInAThousand = 1.95;

std::uint64_t lost(const std::vector<Fate>& fates) {
  return static_cast<std::uint64_t>(std::count_if(
      fates.begin(), fates.end(), [](const Fate& fate) { return fate.kind == Fate::Kind::kLost; }));
}

/// Within four standard deviations of what is expected of `count` throws.
void expect_share(std::uint64_t happened, int count, double share) {
  const double expected = share * count;
  EXPECT_NEAR(static_cast<double>(happened), expected, 4 * std::sqrt(expected * (1 - share)));
}

class EachWay : public testing::TestWithParam<std::uint64_t> {};  // Up and down: two seeds.
INSTANTIATE_TEST_SUITE_P(OfTwo, EachWay, testing::Values(7, ~7ULL));

TEST_P(EachWay, DelaysEvenlyAroundTheMeanWhenUniform) {
  const auto fates = send({.delay = 40ms, .jitter = 10ms}, 25ms, GetParam());
  const auto uniform = [](double ms) { return std::clamp((ms - 30) / 20, 0.0, 1.0); };
  EXPECT_LT(kolmogorov(delays_ms(fates, 25ms), uniform), kOnceInAThousand);
}

TEST_P(EachWay, DelaysAsTheNormalDistributionHasIt) {
  const auto fates = send({.delay = 80ms, .jitter = 10ms, .distribution = Distribution::kNormal},
                          200ms, GetParam());
  const auto normal = [](double ms) { return std::erfc(-(ms - 80) / 10 / std::sqrt(2.0)) / 2; };
  EXPECT_LT(kolmogorov(delays_ms(fates, 200ms), normal), kOnceInAThousand);
}

TEST_P(EachWay, DelaysAsTheParetoDistributionHasIt) {
  const auto fates =
      send({.delay = 80ms, .jitter = 10ms, .distribution = Distribution::kPareto}, 2s, GetParam());
  const auto pareto = [](double ms) {
    const double drawn = (ms - 80) / 10 * std::sqrt(0.75) + 1.5;
    return drawn <= 1 ? 0.0 : 1 - std::pow(drawn, -3);
  };
  const auto delays = delays_ms(fates, 2s);
  EXPECT_LT(kolmogorov(delays, pareto), kOnceInAThousand);
  EXPECT_GT(delays.back(), 200);  // It has a tail, and the tail has an end.
  EXPECT_LT(delays.back(), 80 + 10 * 114);
}

TEST_P(EachWay, DelaysDenseTrafficJustSoWhenOrderIsNotKept) {
  const auto fates = send({.delay = 40ms, .jitter = 10ms, .in_order = false}, 10us, GetParam());
  const auto uniform = [](double ms) { return std::clamp((ms - 30) / 20, 0.0, 1.0); };
  EXPECT_LT(kolmogorov(delays_ms(fates, 10us), uniform), kOnceInAThousand);
}

TEST_P(EachWay, LosesTheShareThatIsAskedForAndEachAlone) {
  const auto fates = send({.loss = {0.02}}, 10us, GetParam());
  expect_share(lost(fates), kMany, 0.02);
  std::uint64_t pairs =
      0;  // Two in a row: the square of the share, if one says nothing of another.
  for (std::size_t i = 1; i < fates.size(); ++i) {
    pairs += fates[i].kind == Fate::Kind::kLost && fates[i - 1].kind == Fate::Kind::kLost ? 1 : 0;
  }
  expect_share(pairs, kMany, 0.02 * 0.02);
}

TEST_P(EachWay, LosesInBurstsAsLongAsGilbertAndElliottHaveThem) {
  const GilbertElliott chain{.to_bad = {0.01}, .to_good = {0.25}};
  const auto fates = send({.gilbert_elliott = chain}, 10us, GetParam());
  std::uint64_t bursts = 0;
  for (std::size_t i = 0; i < fates.size(); ++i) {
    const bool begins = i == 0 || fates[i - 1].kind != Fate::Kind::kLost;
    bursts += fates[i].kind == Fate::Kind::kLost && begins ? 1 : 0;
  }
  const double share = 0.01 / 0.26;
  EXPECT_DOUBLE_EQ(chain.average().value, share);
  // Correlated: the variance of the sum is that of independent ones times (1 + m) / (1 - m).
  const double deviation = std::sqrt(kMany * share * (1 - share) * 1.74 / 0.26);
  EXPECT_NEAR(static_cast<double>(lost(fates)), share * kMany, 4 * deviation);
  const double mean = static_cast<double>(lost(fates)) / static_cast<double>(bursts);
  EXPECT_NEAR(mean, 4, 4 * std::sqrt(12.0 / static_cast<double>(bursts)));  // Geometric, of mean 4.
}

TEST_P(EachWay, DuplicatesCorruptsAndReordersTheSharesThatAreAskedFor) {
  const auto fates = send(
      {.delay = 10ms, .duplicate = {0.03}, .corrupt = {0.01}, .reorder = {0.05}}, 1us, GetParam());
  std::uint64_t twice = 0;
  std::uint64_t corrupted = 0;
  std::uint64_t overtaken = 0;
  for (std::size_t i = 0; i < fates.size(); ++i) {
    twice += fates[i].is_twice ? 1 : 0;
    corrupted += fates[i].is_corrupted ? 1 : 0;
    overtaken += fates[i].has_overtaken ? 1 : 0;
    const Duration delay = fates[i].at - (kStart + static_cast<int>(i) * 1us);
    EXPECT_EQ(delay, fates[i].has_overtaken ? 0ms : 10ms);
    EXPECT_LT(fates[i].corrupted_bit, kSize * 8);
  }
  expect_share(twice, kMany, 0.03);
  expect_share(corrupted, kMany, 0.01);
  expect_share(overtaken, kMany, 0.05);
}

TEST_P(EachWay, StallsTheShareOfSegmentsThatIsAskedFor) {
  LinkModel model({.loss = {0.02}}, GetParam());
  std::uint64_t stalled = 0;
  for (int i = 0; i < kMany / 4; ++i) {
    Flow flow;
    const Fate fate = model.stream(kStart, 4 * LinkModel::kSegment, flow);
    EXPECT_EQ(fate.segments, 4);
    stalled += fate.lost;
    const Duration stall = fate.at - kStart;  // 200 ms, doubling for each that is lost again.
    EXPECT_EQ(stall > 0ms, fate.lost > 0);
    EXPECT_EQ(stall % 200ms, 0ms);
  }
  expect_share(stalled, kMany, 0.02);
}

TEST(LinkModel, GivesTheSameFatesForTheSameSeedAndOthersForAnother) {
  const Impairment some{.delay = 5ms, .jitter = 5ms, .loss = {0.5}};
  const auto kinds = [&](std::uint64_t seed) {
    std::vector<Instant> all;
    for (const Fate& fate : send(some, 1ms, seed, 100)) all.push_back(fate.at);
    return all;
  };
  EXPECT_EQ(kinds(1), kinds(1));
  EXPECT_NE(kinds(1), kinds(2));
}

TEST(LinkModel, DoesNothingWhenNothingIsAsked) {
  const auto fates = send({}, 1us, 1, 1000);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(fates[static_cast<std::size_t>(i)].at, kStart + i * 1us);
  }
  EXPECT_TRUE(LinkModel().is_transparent());
  EXPECT_FALSE(LinkModel({.mtu = Bytes{1200}}, 1).is_transparent());
}

TEST(LinkModel, KeepsTheOrderOfAFlowHoweverMuchItJitters) {
  Instant before{};
  for (const Fate& fate : send({.delay = 40ms, .jitter = 40ms}, 100us, 3, 10'000)) {
    EXPECT_GE(fate.at, before);
    before = fate.at;
  }
}

TEST(LinkModel, LetsOneFlowPassWhileAnotherStalls) {
  LinkModel model({.loss = {1}}, 1);
  Flow stalled;
  EXPECT_EQ(model.stream(kStart, 100, stalled).at,
            kStart + 200ms + 400ms + 800ms + 1600ms + 3200ms + 6400ms);
  EXPECT_EQ(model.stream(kStart, 100, stalled).stalled, 12600ms);
  LinkModel whole({.delay = 1ms}, 1);
  const Fate behind = whole.stream(kStart + 600ms, 100, stalled);
  EXPECT_EQ(behind.at, kStart + 12600ms);
  EXPECT_EQ(behind.stalled, 12s - 1ms);
  Flow other;
  const Fate passing = whole.stream(kStart, 100, other);
  EXPECT_EQ(passing.at, kStart + 1ms);
  EXPECT_EQ(passing.stalled, 0ms);
  EXPECT_GT(whole.stream(kStart, 100, stalled).at, kStart + 12s);  // Behind what stalls.
}

TEST(LinkModel, KeepsWhatTheFaultBeforeHasDelayedInOrder) {
  Flow flow;
  LinkModel slow({.delay = 80ms}, 1);
  const Fate delayed = slow.datagram(kStart, kSize, flow);
  LinkModel transparent;
  EXPECT_EQ(transparent.datagram(kStart + 10ms, kSize, flow).at, delayed.at);
  EXPECT_EQ(transparent.stream(kStart + 10ms, kSize, flow).at, delayed.at);
  EXPECT_EQ(transparent.datagram(kStart + 90ms, kSize, flow).at, kStart + 90ms);
}

TEST(LinkModel, PutsOnTheLineWhatTheRateAllowsAndNoMore) {
  LinkModel model({.rate_bits_per_second = 9.6e6, .queue = Bytes{120'000}}, 1);  // 1 ms each.
  Flow flow;
  for (int i = 1; i <= 100; ++i) {
    const Fate fate = model.datagram(kStart, 1200, flow);
    ASSERT_EQ(fate.kind, Fate::Kind::kPass);
    EXPECT_EQ(fate.at, kStart + i * 1ms);
  }
}

TEST(LinkModel, DropsWhatDoesNotFitItsQueue) {
  LinkModel model({.rate_bits_per_second = 9.6e6, .queue = Bytes{12'000}}, 1);
  Flow flow;
  int passed = 0;
  for (int i = 0; i < 100; ++i) {
    passed += model.datagram(kStart, 1200, flow).kind == Fate::Kind::kPass ? 1 : 0;
  }
  EXPECT_EQ(passed, 11);  // Ten wait, and one is on the line.
  EXPECT_EQ(model.datagram(kStart + 1ms, 1200, flow).kind, Fate::Kind::kPass);
  EXPECT_EQ(model.datagram(kStart + 1ms, 1200, flow).kind, Fate::Kind::kOverflow);
}

TEST(LinkModel, SaysWhenAStreamMayBeReadAgain) {
  LinkModel model({.rate_bits_per_second = 8e6, .queue = Bytes{10'000}}, 1);
  Flow flow;
  EXPECT_EQ(model.ready_at(kStart), kStart);
  (void)model.stream(kStart, 30'000, flow);  // 30 ms on the line, of which 10 may wait.
  EXPECT_EQ(model.ready_at(kStart), kStart + 20ms);
  EXPECT_EQ(model.ready_at(kStart + 25ms), kStart + 25ms);
}

TEST(LinkModel, ReadsLittleAtOnceAtALowRate) {
  EXPECT_EQ(LinkModel({.rate_bits_per_second = 1e6}, 1).most_at_once(), LinkModel::kSegment);
  EXPECT_EQ(LinkModel({.rate_bits_per_second = 1e9}, 1).most_at_once(), 65536U);
  EXPECT_EQ(LinkModel({.delay = 1ms}, 1).most_at_once(), 65536U);
}

TEST(LinkModel, LetsAsMuchBeUnderWayAsTheDelayNeeds) {
  // 1 Gbit/s where no rate is asked for: 125 kB in each ms.
  EXPECT_EQ(LinkModel({.delay = 20ms}, 1).window(), 2'500'000U);
  EXPECT_EQ(LinkModel({.delay = 10s}, 1).window(), 8U * 1024 * 1024);
  EXPECT_EQ(LinkModel().window(), 256U * 1024);
}

TEST(LinkModel, LetsDatagramsAboveItsMtuVanish) {
  LinkModel model({.mtu = Bytes{1252}}, 1);
  Flow flow;
  EXPECT_EQ(model.datagram(kStart, 1252, flow).kind, Fate::Kind::kPass);
  EXPECT_EQ(model.datagram(kStart, 1253, flow).kind, Fate::Kind::kTooLarge);
}

}  // namespace
}  // namespace squall::faults
