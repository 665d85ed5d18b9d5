#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "harness/base/units.h"
#include "reports/measure/histogram.h"

namespace squall::reports {

/// A histogram at rest: only the buckets that hold something. It takes 16 bytes for each of them,
/// where a Histogram takes 8 KiB for each magnitude, but is not for recording.
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

  bool empty() const { return buckets_.empty(); }
  std::uint64_t count() const;

  /// Calls `visit(lowest, highest, count)` for each bucket that holds something, ascending.
  void for_each(const std::function<void(Duration lowest, Duration highest, std::uint64_t count)>&
                    visit) const;

 private:
  struct Bucket {
    std::size_t index = 0;
    std::uint64_t times = 0;
  };
  std::vector<Bucket> buckets_;  ///< By index, ascending; none is empty.
  std::uint64_t clamped_ = 0;
};

}  // namespace squall::reports
