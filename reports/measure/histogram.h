#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::reports {

/// Counts durations with a bounded relative error: a high dynamic range (HDR) histogram.
///
/// Values are microseconds from 1 µs to 1 h with three significant digits, in the bucket layout of
/// HdrHistogram (http://hdrhistogram.org), so that other HdrHistogram tools read what is encoded
/// here. A value outside is counted at the nearer end and also in clamped(). Zero counts as 0 µs,
/// which the layout has a bucket for. Merging is exact: the histogram of a union is the sum.
///
/// Lifecycle:  empty; grows in blocks as magnitudes appear, so record() allocates only on the
///             first value of a magnitude; clear() keeps the blocks.
/// Threads:    one owner at a time.
/// Errors:     only decode() can fail.
class Histogram {
 public:
  static constexpr std::int64_t kLowestMicros = 1;
  static constexpr std::int64_t kHighestMicros = 3'600'000'000;
  static constexpr int kSignificantDigits = 3;

  void record(Duration value);
  void record_micros(std::int64_t micros, std::uint64_t times = 1);
  void merge(const Histogram& other);
  void clear();

  bool empty() const { return count_ == 0; }
  std::uint64_t count() const { return count_; }
  std::uint64_t clamped() const { return clamped_; }
  /// The smallest and largest recorded value, to the histogram's precision. 0 when empty.
  Duration min() const;
  Duration max() const;
  Duration mean() const;
  /// The value at or below which `percent` (0 to 100) of the values lie: the highest value that is
  /// equivalent to that bucket, as HdrHistogram's getValueAtPercentile. 0 when empty.
  Duration at_percentile(double percent) const;
  /// How many values are at most `limit` (values equivalent to it included).
  std::uint64_t count_at_or_below(Duration limit) const;

  /// Calls `visit(lowest, highest, count)` for each bucket that holds something, ascending.
  void for_each(const std::function<void(Duration lowest, Duration highest, std::uint64_t count)>&
                    visit) const;

  /// HdrHistogram's V2 encoding, not compressed (cookie 0x1c849303), followed by nothing.
  /// clamped() does not travel in it: see SecondCell.
  std::string encode() const;
  /// Reads what encode() wrote, or any V2 encoding of the same layout. Untrusted input: answers
  /// an Error for whatever it cannot take.
  static Result<Histogram> decode(std::string_view bytes);

  /// For decode() and the ledger, which carry the count of clamped values beside the encoding.
  void add_clamped(std::uint64_t more) { clamped_ += more; }

  bool operator==(const Histogram& other) const;

 private:
  // Private members are the implementation's business.
  static constexpr std::size_t kBlocks = 23;
  static constexpr std::size_t kBlockCounts = 1024;
  using Block = std::array<std::uint64_t, kBlockCounts>;
  std::array<std::unique_ptr<Block>, kBlocks + 1> blocks_;
  std::uint64_t count_ = 0;
  std::uint64_t clamped_ = 0;
};

}  // namespace squall::reports
