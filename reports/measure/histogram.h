#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/base/units.h"
#include "reports/measure/histogram_layout.h"

namespace squall::reports {

/// Counts durations with a bounded relative error: a high dynamic range (HDR) histogram.
///
/// Values are microseconds from 1 µs to 1 h with three significant digits, in the bucket layout of
/// HdrHistogram (http://hdrhistogram.org), so that other HdrHistogram tools read what is encoded
/// here. A value outside is counted at the nearer end and also in clamped(). Zero counts as 0 µs,
/// which the layout has a bucket for. Merging is exact: the histogram of a union is the sum.
///
/// Lifecycle:  empty; grows in blocks as magnitudes appear, so record() allocates only on the
///             first value of a magnitude; clear() keeps the blocks. A copy is deep; what was moved
///             from is empty.
/// Threads:    one owner at a time.
/// Errors:     only decode() can fail.
class Histogram {
 public:
  static constexpr std::int64_t kLowestMicros = hdr_layout::kLowest;
  static constexpr std::int64_t kHighestMicros = hdr_layout::kHighest;
  static constexpr int kSignificantDigits = hdr_layout::kSignificantDigits;

  Histogram() = default;
  Histogram(const Histogram& other);
  Histogram(Histogram&& other) noexcept;
  Histogram& operator=(const Histogram& other);
  Histogram& operator=(Histogram&& other) noexcept;
  ~Histogram() = default;

  /// Counts `value` at the nearest microsecond.
  void record(Duration value) { record_micros(to_micros(value)); }

  void record_micros(std::int64_t micros, std::uint64_t times = 1) {
    if (micros < 0 || micros > kHighestMicros) [[unlikely]] {
      clamped_ += times;
      micros = std::clamp(micros, std::int64_t{0}, kHighestMicros);
    }
    add_at(hdr_layout::index_of(micros), times);
  }

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

  /// Calls `visit(index, count)` for each bucket that holds something, ascending; what an index
  /// means is in histogram_layout.h.
  template <typename Visit>
  void for_each_index(Visit visit) const {
    constexpr std::size_t kLine = 8;  // Most lines of most blocks are empty: looked at as one.
    for (std::size_t block = 0; block < blocks_.size(); ++block) {
      if (!blocks_[block]) continue;
      const Block& all = *blocks_[block];
      for (std::size_t line = 0; line < hdr_layout::kHalfCount; line += kLine) {
        std::uint64_t any = 0;
        for (std::size_t i = 0; i < kLine; ++i) any |= all[line + i];
        if (any == 0) continue;
        for (std::size_t at = line; at < line + kLine; ++at) {
          if (all[at] != 0) visit(block * hdr_layout::kHalfCount + at, all[at]);
        }
      }
    }
  }

  /// Counts `times` values of the bucket `index`, which must be below hdr_layout::kIndexes.
  void add_at(std::size_t index, std::uint64_t times) {
    std::unique_ptr<Block>& block = blocks_[index >> hdr_layout::kHalfCountMagnitude];
    if (!block) [[unlikely]] {
      block = std::make_unique<Block>();
    }
    (*block)[index & (hdr_layout::kHalfCount - 1)] += times;
    count_ += times;
  }

  /// HdrHistogram's V2 encoding, not compressed (cookie 0x1c849303, with the bit that says "counts
  /// in LEB128" as all HdrHistogram writers set it), followed by nothing. clamped() does not
  /// travel in it: its carrier has to bring it along.
  std::string encode() const;
  /// Reads what encode() wrote, or any V2 encoding of the same layout. Untrusted input: answers
  /// an Error for whatever it cannot take.
  static Result<Histogram> decode(std::string_view bytes);

  /// For those who carry the count of clamped values beside an encoding.
  void add_clamped(std::uint64_t more) { clamped_ += more; }

  /// The same counts in the same buckets, and as many clamped.
  bool operator==(const Histogram& other) const;

 private:
  using Block = std::array<std::uint64_t, hdr_layout::kHalfCount>;

  static constexpr std::int64_t to_micros(Duration value) {
    const std::int64_t nanos = value.count();
    // Rounded by the remainder, so that no value overflows; a negative one stays negative.
    return nanos < 0 ? -1 : nanos / 1000 + (nanos % 1000 >= 500 ? 1 : 0);
  }

  std::array<std::unique_ptr<Block>, hdr_layout::kBlocks> blocks_;
  std::uint64_t count_ = 0;
  std::uint64_t clamped_ = 0;
};

}  // namespace squall::reports
