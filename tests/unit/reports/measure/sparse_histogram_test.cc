#include "reports/measure/sparse_histogram.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <gtest/gtest.h>

namespace squall::reports {
namespace {

using namespace std::chrono_literals;

/// One with a value each `step` µs from `first`, so many times.
Histogram comb(std::int64_t first, std::int64_t step, int values) {
  Histogram histogram;
  for (int i = 0; i < values; ++i) histogram.record_micros(first + i * step);
  return histogram;
}

Histogram back(const SparseHistogram& sparse) {
  Histogram histogram;
  sparse.add_to(histogram);
  return histogram;
}

TEST(SparseHistogram, GivesBackWhatWasPutIn) {
  Histogram histogram = comb(1, 137, 1000);
  histogram.record(2h);
  const SparseHistogram sparse(histogram);
  EXPECT_EQ(back(sparse), histogram);
  EXPECT_EQ(back(sparse).clamped(), 1U);
  EXPECT_EQ(sparse.count(), 1001U);
}

TEST(SparseHistogram, OfNothingIsEmpty) {
  SparseHistogram sparse;
  sparse.add(Histogram());
  EXPECT_TRUE(sparse.empty());
  EXPECT_TRUE(back(sparse).empty());
}

TEST(SparseHistogram, OfManyIsThatOfTheirUnion) {
  SparseHistogram sparse;
  Histogram all;
  // Ever new buckets before, between and behind the known ones, and known ones again.
  for (const auto& [first, step, values] : {std::array{5000, 40, 60},
                                            {4990, 13, 500},
                                            {1, 1, 3},
                                            {5000, 40, 60},
                                            {3'000'000, 9999, 2}}) {
    const Histogram one = comb(first, step, values);
    sparse.add(one);
    all.merge(one);
    ASSERT_EQ(back(sparse), all) << "with that from " << first;
  }
}

TEST(SparseHistogram, IsReadInAscendingOrder) {
  SparseHistogram sparse(comb(100'000, 1000, 50));
  sparse.add(comb(1, 3000, 200));
  Duration before{-1};
  std::uint64_t times = 0;
  sparse.for_each([&](Duration lowest, Duration highest, std::uint64_t count) {
    EXPECT_GT(lowest, before);
    EXPECT_GE(highest, lowest);
    before = highest;
    times += count;
  });
  EXPECT_EQ(times, 250U);
}

TEST(SparseHistogram, TakesAFewBesideManyAndManyBesideAFew) {
  const Histogram many = comb(1, 7, 2000);
  const Histogram few = comb(20'000, 1, 2);
  SparseHistogram from_many(many);
  from_many.add(few);
  SparseHistogram from_few(few);
  from_few.add(many);
  EXPECT_EQ(back(from_many), back(from_few));
  EXPECT_EQ(from_many.count(), 2002U);
}

TEST(SparseHistogram, KeepsCountsAndDistancesOfAnySize) {
  Histogram histogram;
  histogram.record_micros(0);
  for (const std::uint64_t times : {127ULL, 128ULL, 16'384ULL, ~0ULL >> 8U}) {
    Histogram once;
    once.record_micros(static_cast<std::int64_t>(times % 3'000'000'000));
    once.for_each_index([&](std::size_t index, std::uint64_t) { histogram.add_at(index, times); });
  }
  EXPECT_EQ(back(SparseHistogram(histogram)), histogram);
}

}  // namespace
}  // namespace squall::reports
