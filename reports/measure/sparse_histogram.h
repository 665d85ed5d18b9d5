#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "harness/base/units.h"
#include "reports/measure/histogram.h"

namespace squall::reports {

/// A histogram at rest: only the buckets that hold something. It takes two bytes for most of them,
/// where a Histogram takes 8 KiB for each magnitude, but is not for recording: to add to it is to
/// write it anew.
///
/// Lifecycle:  a value.
/// Threads:    one owner at a time.
/// Errors:     none.
class SparseHistogram {
 public:
  SparseHistogram() = default;
  explicit SparseHistogram(const Histogram& histogram) { add(histogram); }

  void add(const Histogram& histogram);
  void add_to(Histogram& histogram) const;

  bool empty() const { return bytes_.empty(); }
  std::uint64_t count() const;

  /// Calls `visit(lowest, highest, count)` for each bucket that holds something, ascending.
  void for_each(const std::function<void(Duration lowest, Duration highest, std::uint64_t count)>&
                    visit) const;

 private:
  /// How far each bucket is from the one before, and its count, by put() of the .cc.
  std::vector<std::uint8_t> bytes_;
  std::uint64_t clamped_ = 0;
};

}  // namespace squall::reports
