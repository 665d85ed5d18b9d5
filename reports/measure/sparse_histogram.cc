#include "reports/measure/sparse_histogram.h"

#include <chrono>
#include <cstddef>

#include "reports/measure/histogram_layout.h"

namespace squall::reports {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr unsigned kBits = 7;  // Of a number in each byte.
constexpr std::uint64_t kMore = std::uint64_t{1} << kBits;

/// LEB128: seven bits a byte, the lowest first; all bytes but the last have their highest bit set.
void put(std::uint64_t number, Bytes& bytes) {
  for (; number >= kMore; number >>= kBits) {
    bytes.push_back(static_cast<std::uint8_t>((number % kMore) | kMore));
  }
  bytes.push_back(static_cast<std::uint8_t>(number));
}

/// Goes through buckets as they were written.
class Reader {
 public:
  explicit Reader(const Bytes& bytes) : at_(bytes.begin()), end_(bytes.end()) { next(); }

  bool is_over() const { return is_over_; }
  std::size_t index() const { return index_; }
  std::uint64_t times() const { return times_; }
  void next() {
    is_over_ = at_ == end_;
    if (is_over_) return;
    index_ += take();
    times_ = take();
  }

 private:
  std::uint64_t take() {
    std::uint64_t number = 0;
    unsigned shift = 0;
    for (; *at_ >= kMore; ++at_, shift += kBits) number |= (*at_ % kMore) << shift;
    return number | std::uint64_t{*at_++} << shift;
  }

  Bytes::const_iterator at_;
  Bytes::const_iterator end_;
  bool is_over_ = false;
  std::size_t index_ = 0;
  std::uint64_t times_ = 0;
};

/// Writes buckets, which come in order.
class Writer {
 public:
  explicit Writer(Bytes& bytes) : bytes_(bytes) {}

  void write(std::size_t index, std::uint64_t times) {
    put(index - before_, bytes_);
    put(times, bytes_);
    before_ = index;
  }

 private:
  Bytes& bytes_;  // NOLINT: its maker's, and outlives it.
  std::size_t before_ = 0;
};

}  // namespace

void SparseHistogram::add(const Histogram& histogram) {
  clamped_ += histogram.clamped();
  if (histogram.empty()) return;
  constexpr std::size_t kOften = 2048;  // Bytes: of a second, mostly.
  Bytes merged;
  merged.reserve(bytes_.size() + kOften);
  Writer writer(merged);
  Reader mine(bytes_);
  histogram.for_each_index([&](std::size_t index, std::uint64_t times) {
    for (; !mine.is_over() && mine.index() < index; mine.next()) {
      writer.write(mine.index(), mine.times());
    }
    const bool is_known = !mine.is_over() && mine.index() == index;
    writer.write(index, is_known ? times + mine.times() : times);
    if (is_known) mine.next();
  });
  for (; !mine.is_over(); mine.next()) writer.write(mine.index(), mine.times());
  bytes_.assign(merged.begin(), merged.end());  // At rest, it keeps no room to grow.
}

void SparseHistogram::add_to(Histogram& histogram) const {
  histogram.add_clamped(clamped_);
  for (Reader one(bytes_); !one.is_over(); one.next()) histogram.add_at(one.index(), one.times());
}

std::uint64_t SparseHistogram::count() const {
  std::uint64_t sum = 0;
  for (Reader one(bytes_); !one.is_over(); one.next()) sum += one.times();
  return sum;
}

void SparseHistogram::for_each(const std::function<void(Duration lowest, Duration highest,
                                                        std::uint64_t count)>& visit) const {
  for (Reader one(bytes_); !one.is_over(); one.next()) {
    visit(std::chrono::microseconds(hdr_layout::lowest_at(one.index())),
          std::chrono::microseconds(hdr_layout::highest_at(one.index())), one.times());
  }
}

}  // namespace squall::reports
