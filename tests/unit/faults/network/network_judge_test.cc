#include "faults/network/network_judge.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/network/network_plan.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Distribution = Impairment::Distribution;

/// Probes of which `delay_of` says how long each takes.
ProbeFinding took(const std::function<Duration(std::size_t)>& delay_of, std::size_t sent = 200) {
  ProbeFinding finding;
  finding.sent = sent;
  for (std::size_t i = 0; i < sent; ++i) finding.took.push_back(delay_of(i));
  std::sort(finding.took.begin(), finding.took.end());
  return finding;
}

ProbeFinding all_after(Duration delay, std::size_t sent = 200) {
  return took([&](std::size_t) { return delay; }, sent);
}

ProbeFinding with_lost(std::size_t lost, std::size_t sent = 200) {
  ProbeFinding finding = all_after(20us, sent);
  finding.lost = lost;
  finding.took.resize(sent - lost);
  return finding;
}

std::string against(const NetworkFault& fault, const ProbeFinding& during) {
  return judge(fault, during).contradiction;
}

NetworkFault delayed(Duration delay, Duration jitter = {}, bool in_order = true) {
  NetworkFault fault;
  fault.delay = delay;
  if (jitter > Duration::zero()) fault.jitter = jitter;
  fault.in_order = in_order;
  return fault;
}

TEST(ProbesOfALoss, AreJudgedFromBothSides) {
  NetworkFault fault;
  fault.loss = Share{0.02};
  EXPECT_THAT(against(fault, with_lost(4)), IsEmpty());
  EXPECT_THAT(against(fault, with_lost(0)), IsEmpty());
  EXPECT_THAT(against(fault, with_lost(14)), IsEmpty());
  EXPECT_EQ(against(fault, with_lost(40)), "40 of 200 probes were lost, where 2 % was asked for");
  EXPECT_THAT(judge(fault, with_lost(4)).not_judged, ElementsAre("loss (too few probes)"));
  fault.loss = Share{0.2};
  EXPECT_EQ(against(fault, with_lost(0)), "none of 200 probes was lost, where 20 % was asked for");
  EXPECT_THAT(against(fault, with_lost(6)), HasSubstr("6 of 200 probes were lost"));
  EXPECT_THAT(against(fault, with_lost(30)), IsEmpty());
  EXPECT_THAT(judge(fault, with_lost(30)).not_judged, IsEmpty());
}

TEST(ProbesOfALoss, ThatDoNotFitTheQueueOfARateContradictNothing) {
  NetworkFault fault;
  fault.loss = Share{0.02};
  fault.rate_bits_per_second = 1e6;
  EXPECT_THAT(against(fault, with_lost(100)), IsEmpty());
}

TEST(ProbesOfALoss, OfAFewSayThatTheyAreTooFew) {
  NetworkFault fault;
  fault.loss = Share{0.3};
  EXPECT_THAT(against(fault, with_lost(0, 20)), IsEmpty());
  EXPECT_THAT(judge(fault, with_lost(0, 20)).not_judged, ElementsAre("loss (too few probes)"));
}

TEST(ProbesOfBursts, AreJudgedByTheirOwnVariance) {
  NetworkFault fault;  // Half of the time bad, in stretches of five packets.
  fault.gilbert_elliott = GilbertElliott{.to_bad = {0.2}, .to_good = {0.2}};
  EXPECT_THAT(against(fault, with_lost(100)), IsEmpty());
  EXPECT_THAT(against(fault, with_lost(60)), IsEmpty());  // Were each lost by itself, too few.
  EXPECT_EQ(against(fault, with_lost(10)), "10 of 200 probes were lost, where 50 % was asked for");
  EXPECT_THAT(against(fault, with_lost(195)), HasSubstr("195 of 200 probes were lost"));
  fault.gilbert_elliott = GilbertElliott{.to_bad = {0.001}, .to_good = {0.1}};
  EXPECT_THAT(against(fault, with_lost(0)), IsEmpty());
  EXPECT_THAT(judge(fault, with_lost(0)).not_judged, ElementsAre("loss (too few probes)"));
}

TEST(ProbesOfAPartition, MustNotGoThrough) {
  NetworkFault fault;
  fault.partition = true;
  EXPECT_EQ(against(fault, all_after(20us)), "200 of 200 probes went through");
  EXPECT_THAT(against(fault, with_lost(200)), IsEmpty());
}

TEST(ProbesOfDuplicates, AreJudgedFromBothSides) {
  NetworkFault fault;
  fault.duplicate = Share{0.25};
  ProbeFinding during = all_after(20us);
  during.twice = 50;
  EXPECT_THAT(against(fault, during), IsEmpty());
  during.twice = 0;
  EXPECT_EQ(against(fault, during), "none of 200 probes was doubled, where 25 % was asked for");
  during.twice = 120;
  EXPECT_THAT(against(fault, during), HasSubstr("120 of 200 probes were doubled"));
  fault.gilbert_elliott = GilbertElliott{.to_bad = {0.2}, .to_good = {0.2}};
  EXPECT_THAT(judge(fault, during).not_judged,
              testing::Contains("duplicates (of which some may be lost)"));
}

TEST(ProbesOfCorruption, AreJudgedByWhatIsSeen) {
  NetworkFault fault;
  fault.corrupt = Share{0.3};
  ProbeFinding during = all_after(20us);
  during.altered = 55;
  during.lost = 3;  // Of which the address was altered, and nobody sees it.
  during.took.resize(142);
  EXPECT_THAT(against(fault, during), IsEmpty());
  during = all_after(20us);
  EXPECT_THAT(against(fault, during), HasSubstr("none of 200 probes was altered"));
  during.altered = 150;
  during.took.resize(50);
  EXPECT_THAT(against(fault, during), HasSubstr("150 of 200 probes were altered, where 30 % was"));
}

TEST(ProbesOfReordering, AreJudgedByHowManyAreNotDelayed) {
  NetworkFault fault = delayed(100ms);
  fault.reorder = Share{0.25};
  const auto of_each = [](std::size_t n) {
    return took([n](std::size_t i) { return i % n == 0 ? Duration{30us} : Duration{100ms}; });
  };
  EXPECT_THAT(against(fault, of_each(4)), IsEmpty());
  EXPECT_THAT(against(fault, of_each(20)), HasSubstr("10 of 200 probes were not delayed, where"));
  EXPECT_THAT(against(fault, of_each(2)), HasSubstr("100 of 200 probes were not delayed, where"));
  fault.delay = 2ms;
  EXPECT_THAT(judge(fault, of_each(4)).not_judged, ElementsAre(HasSubstr("reordering")));
}

TEST(ProbesOfAJitterInOrder, MustNotOvertake) {
  ProbeFinding during = all_after(45ms);
  during.overtaken = 3;
  EXPECT_THAT(against(delayed(40ms, 10ms), during), HasSubstr("3 of 200 probes were overtaken"));
  during.overtaken = 0;
  during = took([](std::size_t i) { return 30ms + Duration{100us} * static_cast<int>(i); });
  EXPECT_THAT(against(delayed(40ms, 10ms), during), IsEmpty());
}

TEST(ProbesOfADelay, MustNotBeShorterNorMuchLonger) {
  EXPECT_THAT(against(delayed(40ms), all_after(40ms)), IsEmpty());
  EXPECT_THAT(against(delayed(40ms), all_after(75ms)), IsEmpty());
  EXPECT_EQ(against(delayed(40ms), all_after(39ms)), "200 probes were delayed by 39 ms only");
  EXPECT_EQ(against(delayed(1ms), all_after(20us)), "200 probes were delayed by 0.02 ms only");
  EXPECT_EQ(against(delayed(40ms), all_after(300ms)),
            "0 of 200 probes took less than 140 ms, where 50 % should have");
  NetworkFault slow = delayed(40ms);
  slow.rate_bits_per_second = 1e6;
  EXPECT_THAT(against(slow, all_after(300ms)), IsEmpty());
  // One in fifty that the clock, or a busy machine, moved is no contradiction.
  EXPECT_THAT(against(delayed(40ms), took([](std::size_t i) {
                        return i % 50 == 0 ? Duration{1ms} : Duration{40ms};
                      })),
              IsEmpty());
}

/// Delays as netem draws them.
ProbeFinding drawn(const NetworkFault& fault, unsigned seed, std::size_t count = 200) {
  std::mt19937 random(seed);
  const std::string table = distribution_table(fault.distribution);
  return took(
      [&](std::size_t) {
        const std::int64_t sigma = fault.jitter->count();
        std::int64_t more = 0;
        if (table.empty()) {
          more =
              static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(2 * sigma)) - sigma;
        } else {
          std::int16_t entry = 0;
          std::memcpy(&entry, &table[random() % (table.size() / 2) * 2], sizeof entry);
          more = static_cast<std::int64_t>(static_cast<double>(sigma) * entry / 8192);
        }
        return std::max(Duration{}, Duration{fault.delay->count() + more}) + 30us;
      },
      count);
}

TEST(ProbesOfAJitter, AreJudgedByItsDistribution) {
  for (const auto distribution :
       {Distribution::kUniform, Distribution::kNormal, Distribution::kPareto}) {
    for (const Duration jitter : {Duration{30ms}, Duration{100ms}}) {
      NetworkFault fault = delayed(100ms, jitter, false);
      fault.distribution = distribution;
      for (unsigned seed = 1; seed <= 10; ++seed) {
        ASSERT_THAT(against(fault, drawn(fault, seed)), IsEmpty()) << seed;
      }
      // No jitter at all, no delay at all, and both twice as long.
      EXPECT_THAT(against(fault, all_after(100ms)), HasSubstr("took less than"));
      EXPECT_THAT(against(fault, all_after(20us)), HasSubstr("200 of 200 probes took less than"));
      NetworkFault twice = delayed(400ms, jitter, false);
      twice.distribution = distribution;
      EXPECT_THAT(against(fault, drawn(twice, 1)), HasSubstr("took less than"));
    }
  }
}

TEST(ProbesOfAJitter, ThatIsVeryLongAreJudgedAsTheKernelDrawsIt) {
  // The remainder of 32 bits by 2.9 s is less than half of that two times in three.
  const NetworkFault fault = delayed(1500ms, 1450ms, false);
  for (unsigned seed = 1; seed <= 20; ++seed) {
    ASSERT_THAT(against(fault, drawn(fault, seed, 2000)), IsEmpty()) << seed;
  }
}

TEST(ProbesOfAJitterInOrder, MayBeLaterThanTheDistributionHasIt) {
  const NetworkFault fault = delayed(100ms, 30ms);
  EXPECT_THAT(against(fault, all_after(125ms)), IsEmpty());
  EXPECT_THAT(against(fault, all_after(100ms)), HasSubstr("200 of 200 probes took less than 115"));
  EXPECT_THAT(against(fault, all_after(400ms)), HasSubstr("0 of 200 probes took less than 230"));
}

TEST(ProbesOfARate, MustNotBeMuchFaster) {
  NetworkFault fault;
  fault.rate_bits_per_second = 1e6;
  ProbeFinding during = all_after(20us);
  during.bits_per_second = 1.02e6;
  EXPECT_THAT(against(fault, during), IsEmpty());
  during.bits_per_second = 2.5e6;
  EXPECT_EQ(against(fault, during), "a burst of probes left at 2.5 Mbit/s");
}

TEST(Probes, ThatWereNotSentSayNothing) {
  EXPECT_THAT(against(delayed(40ms), ProbeFinding{}), IsEmpty());
  EXPECT_THAT(judge(delayed(40ms), ProbeFinding{}).not_judged, IsEmpty());
}

TEST(Probes, AreToldByTheirMedian) {
  NetworkFault fault = delayed(80ms);
  fault.loss = Share{0.02};
  ProbeFinding during = all_after(80'320us);
  during.lost = 4;
  EXPECT_EQ(describe(fault, during, all_after(20us)),
            "80.3 ms more in the median, 2 % lost of 200 probes");
  EXPECT_EQ(describe(fault, during, {}), "80.3 ms in the median, 2 % lost of 200 probes");
}

CountedPackets counted(std::uint64_t met, std::uint64_t lost) { return {.met = met, .lost = lost}; }

TEST(CountedLosses, AreJudgedFromBothSides) {
  NetworkFault fault;
  fault.loss = Share{0.02};
  EXPECT_TRUE(judge(fault, counted(10'000, 200)).took);
  EXPECT_TRUE(judge(fault, counted(10'000, 200)).tells_loss);
  EXPECT_TRUE(judge(fault, counted(10'000, 250)).took);
  EXPECT_FALSE(judge(fault, counted(500, 10)).tells_loss);
  EXPECT_EQ(judge(fault, counted(10'000, 300)).why_not,
            "300 were lost of 10000 packets, where 2 % was asked for");
  EXPECT_EQ(judge(fault, counted(10'000, 100)).why_not,
            "100 were lost of 10000 packets, where 2 % was asked for");
  EXPECT_EQ(judge(fault, counted(10'000, 0)).why_not,
            "none was lost of 10000 packets, where 2 % was asked for");
}

TEST(CountedLosses, OfEachNthAreExact) {
  NetworkFault fault;
  fault.loss_every = 10;
  CountedPackets both = counted(1005, 101);
  both.starts = 1;
  EXPECT_TRUE(judge(fault, both).took);
  both.lost = 110;
  EXPECT_FALSE(judge(fault, both).took);
  both.starts = 20;  // Pulses, each of which begins to count anew.
  EXPECT_TRUE(judge(fault, both).took);
  EXPECT_FALSE(judge(fault, counted(1000, 0)).took);
}

TEST(CountedLosses, OfEachNthAreToldWithTheProbesThatWereCountedToo) {
  NetworkFault fault;
  fault.loss_every = 10;
  CountedPackets both = counted(1200, 120);
  both.probes_met = 200;
  both.probes_lost = 10;
  EXPECT_EQ(
      judge(fault, both).seen,
      "1000 packets met, 110 (11 %) of them lost (each 10th is one of all that came, with 200 "
      "probes among them)");
}

TEST(CountedLosses, InBurstsAreThoseThatNetemDropped) {
  NetworkFault fault;
  fault.gilbert_elliott = GilbertElliott{.to_bad = {1.0 / 90}, .to_good = {0.1}};
  CountedPackets both = counted(50'000, 0);
  both.dropped = 5'300;
  EXPECT_TRUE(judge(fault, both).took);
  EXPECT_EQ(judge(fault, both).seen, "50000 packets met, 5300 (10.6 %) dropped by netem");
  both.dropped = 0;
  EXPECT_THAT(judge(fault, both).why_not, HasSubstr("none was lost of 50000 packets"));
  both.dropped = 9'000;
  EXPECT_FALSE(judge(fault, both).took);
}

TEST(CountedPackets, AreToldWithoutOurProbes) {
  NetworkFault fault;
  fault.loss = Share{0.1};
  CountedPackets both = counted(1200, 120);
  both.probes_met = 200;
  both.probes_lost = 20;
  EXPECT_EQ(judge(fault, both).seen, "1000 packets met, 100 (10 %) of them lost");
  both.probes_met = 1200;
  EXPECT_EQ(judge(fault, both).why_not, "no packet came that it was for");
}

}  // namespace
}  // namespace squall::faults
