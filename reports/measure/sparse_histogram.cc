#include "reports/measure/sparse_histogram.h"

#include <algorithm>
#include <chrono>

#include "reports/measure/histogram_layout.h"

namespace squall::reports {
namespace {

/// So many buckets are looked at one after the other as soon as found by halves.
constexpr std::size_t kNear = 16;

/// `fresh` has none that is there already; both are in order.
template <typename Bucket>
void insert(const std::vector<Bucket>& fresh, std::vector<Bucket>& buckets) {
  const std::size_t size = buckets.size() + fresh.size();
  // It is at rest most of its time: no more room is kept than an eighth.
  if (size > buckets.capacity()) buckets.reserve(buckets.empty() ? size : size + size / 8);
  std::size_t mine = buckets.size();
  std::size_t theirs = fresh.size();
  buckets.resize(size);
  while (theirs > 0) {  // From the end, so that each moves once.
    const bool is_mine = mine > 0 && buckets[mine - 1].index > fresh[theirs - 1].index;
    buckets[mine + theirs - 1] = is_mine ? buckets[mine - 1] : fresh[theirs - 1];
    --(is_mine ? mine : theirs);
  }
}

}  // namespace

void SparseHistogram::add(const Histogram& histogram) {
  clamped_ += histogram.clamped();
  if (histogram.empty()) return;
  // Of many that are added to one, as a fleet's, all but the first few have hardly a new bucket.
  std::vector<Bucket> fresh;
  auto mine = buckets_.begin();
  // Where many are looked for, the next is near: nearer than by halves.
  const bool is_near = buckets_.size() / kNear < histogram.count();
  histogram.for_each_index([&](std::size_t index, std::uint64_t times) {
    if (is_near) {
      while (mine != buckets_.end() && mine->index < index) ++mine;
    } else {
      mine =
          std::lower_bound(mine, buckets_.end(), index,
                           [](const Bucket& bucket, std::size_t at) { return bucket.index < at; });
    }
    if (mine != buckets_.end() && mine->index == index) {
      mine->times += times;
    } else {
      fresh.push_back({index, times});
    }
  });
  if (!fresh.empty()) insert(fresh, buckets_);
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
