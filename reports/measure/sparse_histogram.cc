#include "reports/measure/sparse_histogram.h"

#include <algorithm>
#include <chrono>

#include "reports/measure/histogram_layout.h"

namespace squall::reports {

void SparseHistogram::add(const Histogram& histogram) {
  clamped_ += histogram.clamped();
  if (histogram.empty()) return;
  // Of many that are added to one, as a fleet's, all but the first few have hardly a new bucket.
  std::vector<Bucket> fresh;
  auto mine = buckets_.begin();
  histogram.for_each_index([&](std::size_t index, std::uint64_t times) {
    mine = std::lower_bound(mine, buckets_.end(), index,
                            [](const Bucket& bucket, std::size_t at) { return bucket.index < at; });
    if (mine != buckets_.end() && mine->index == index) {
      mine->times += times;
    } else {
      fresh.push_back({index, times});
    }
  });
  if (fresh.empty()) return;
  const std::size_t size = buckets_.size() + fresh.size();
  // It is at rest most of its time: no more room is kept than an eighth.
  if (size > buckets_.capacity()) buckets_.reserve(buckets_.empty() ? size : size + size / 8);
  const auto middle = buckets_.insert(buckets_.end(), fresh.begin(), fresh.end());
  std::inplace_merge(buckets_.begin(), middle, buckets_.end(),
                     [](const Bucket& a, const Bucket& b) { return a.index < b.index; });
}

void SparseHistogram::add_to(Histogram& histogram) const {
  histogram.add_clamped(clamped_);
  for (const Bucket& bucket : buckets_) histogram.add_at(bucket.index, bucket.times);
}

std::uint64_t SparseHistogram::count() const {
  std::uint64_t sum = 0;
  for (const Bucket& bucket : buckets_) sum += bucket.times;
  return sum;
}

void SparseHistogram::for_each(const std::function<void(Duration lowest, Duration highest,
                                                        std::uint64_t count)>& visit) const {
  for (const Bucket& bucket : buckets_) {
    visit(std::chrono::microseconds(hdr_layout::lowest_at(bucket.index)),
          std::chrono::microseconds(hdr_layout::highest_at(bucket.index)), bucket.times);
  }
}

}  // namespace squall::reports
