#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

/// The bucket layout of HdrHistogram (http://hdrhistogram.org) for values from 1 to 3,600,000,000
/// with three significant digits, as arithmetic.
///
/// Values below 2048 have a bucket each. Above, every doubling of the value is cut into 1024 equal
/// buckets, so that a bucket is never wider than a 1024th of the values in it. Buckets are numbered
/// from 0 without gaps: the index of HdrHistogram's counts array.
namespace squall::reports::hdr_layout {

inline constexpr std::int64_t kLowest = 1;
inline constexpr std::int64_t kHighest = 3'600'000'000;
inline constexpr int kSignificantDigits = 3;
/// Buckets of one doubling (HdrHistogram: subBucketHalfCount), and its logarithm.
inline constexpr int kHalfCountMagnitude = 10;
inline constexpr std::size_t kHalfCount = std::size_t{1} << kHalfCountMagnitude;
/// Stretches of kHalfCount buckets: two for the values below 2048, one for each doubling above.
inline constexpr std::size_t kBlocks = 23;
inline constexpr std::size_t kIndexes = kBlocks * kHalfCount;

/// By how many bits the value is coarsened in its bucket. `value` is at least 0.
constexpr int coarseness_of(std::int64_t value) {
  constexpr std::uint64_t kFine = (std::uint64_t{2} << kHalfCountMagnitude) - 1;
  return 63 - kHalfCountMagnitude - std::countl_zero(static_cast<std::uint64_t>(value) | kFine);
}

/// The bucket of a value from 0 to kHighest.
constexpr std::size_t index_of(std::int64_t value) {
  const int coarseness = coarseness_of(value);
  return (static_cast<std::size_t>(coarseness) << kHalfCountMagnitude) +
         static_cast<std::size_t>(value >> coarseness);
}

constexpr int coarseness_at(std::size_t index) {
  return index < 2 * kHalfCount ? 0 : static_cast<int>(index >> kHalfCountMagnitude) - 1;
}

/// The smallest value of a bucket.
constexpr std::int64_t lowest_at(std::size_t index) {
  const int coarseness = coarseness_at(index);
  const std::size_t step = index - (static_cast<std::size_t>(coarseness) << kHalfCountMagnitude);
  return static_cast<std::int64_t>(step) << coarseness;
}

/// The largest value of a bucket.
constexpr std::int64_t highest_at(std::size_t index) {
  return lowest_at(index) + (std::int64_t{1} << coarseness_at(index)) - 1;
}

/// The middle of a bucket as HdrHistogram has it, which stands for its values in a mean.
constexpr std::int64_t middle_at(std::size_t index) {
  return lowest_at(index) + ((std::int64_t{1} << coarseness_at(index)) >> 1);
}

static_assert(index_of(0) == 0 && index_of(2047) == 2047 && index_of(2048) == 2048);
static_assert(index_of(2049) == 2048 && highest_at(2048) == 2049 && index_of(2050) == 2049);
static_assert(index_of(4095) == 3071 && index_of(4096) == 3072 && lowest_at(3072) == 4096);
static_assert(index_of(kHighest) < kIndexes && index_of(kHighest) >= kIndexes - kHalfCount);

}  // namespace squall::reports::hdr_layout
