#include "reports/measure/sparse_histogram.h"

#include <chrono>

#include "reports/measure/histogram_layout.h"

namespace squall::reports {

void SparseHistogram::add(const Histogram& histogram) {
  clamped_ += histogram.clamped();
  if (histogram.empty()) return;
  std::vector<Bucket> merged;
  auto mine = buckets_.cbegin();
  histogram.for_each_index([&](std::size_t index, std::uint64_t times) {
    while (mine != buckets_.cend() && mine->index < index) merged.push_back(*mine++);
    if (mine != buckets_.cend() && mine->index == index) times += (mine++)->times;
    merged.push_back({index, times});
  });
  merged.insert(merged.end(), mine, buckets_.cend());
  merged.shrink_to_fit();
  buckets_ = std::move(merged);
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
