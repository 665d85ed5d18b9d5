#include "reports/measure/histogram.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

namespace squall::reports {
namespace {

/// Of fewer values it is quicker to look for their buckets than to add all of them up.
constexpr std::uint64_t kFew = 1024;

constexpr Duration micros(std::int64_t count) { return std::chrono::microseconds(count); }

}  // namespace

Histogram::Histogram(const Histogram& other) : count_(other.count_), clamped_(other.clamped_) {
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (other.blocks_[i]) blocks_[i] = std::make_unique<Block>(*other.blocks_[i]);
  }
}

Histogram::Histogram(Histogram&& other) noexcept
    : blocks_(std::move(other.blocks_)),
      count_(std::exchange(other.count_, 0)),
      clamped_(std::exchange(other.clamped_, 0)) {}

Histogram& Histogram::operator=(const Histogram& other) {
  if (this != &other) *this = Histogram(other);
  return *this;
}

Histogram& Histogram::operator=(Histogram&& other) noexcept {
  if (this != &other) {
    blocks_ = std::move(other.blocks_);
    count_ = std::exchange(other.count_, 0);
    clamped_ = std::exchange(other.clamped_, 0);
  }
  return *this;
}

void Histogram::merge(const Histogram& other) {
  clamped_ += other.clamped_;
  if (other.empty()) return;
  if (other.count_ < kFew) {
    other.for_each_index([this](std::size_t index, std::uint64_t times) { add_at(index, times); });
    return;
  }
  count_ += other.count_;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (!other.blocks_[i]) continue;
    if (!blocks_[i]) {
      blocks_[i] = std::make_unique<Block>(*other.blocks_[i]);
      continue;
    }
    std::transform(blocks_[i]->begin(), blocks_[i]->end(), other.blocks_[i]->begin(),
                   blocks_[i]->begin(), std::plus<>());
  }
}

void Histogram::clear() {
  if (count_ != 0) {
    for (auto& block : blocks_) {
      if (block) block->fill(0);
    }
  }
  count_ = 0;
  clamped_ = 0;
}

Duration Histogram::min() const {
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (!blocks_[i]) continue;
    const auto* const found =
        std::find_if(blocks_[i]->begin(), blocks_[i]->end(), [](auto times) { return times != 0; });
    if (found == blocks_[i]->end()) continue;
    const auto at = static_cast<std::size_t>(found - blocks_[i]->begin());
    return micros(hdr_layout::lowest_at(i * hdr_layout::kHalfCount + at));
  }
  return {};
}

Duration Histogram::max() const {
  for (std::size_t i = blocks_.size(); i-- > 0;) {
    if (!blocks_[i]) continue;
    for (std::size_t at = hdr_layout::kHalfCount; at-- > 0;) {
      if ((*blocks_[i])[at] != 0) {
        return micros(hdr_layout::highest_at(i * hdr_layout::kHalfCount + at));
      }
    }
  }
  return {};
}

Duration Histogram::mean() const {
  if (empty()) return {};
  double sum = 0;
  for_each_index([&sum](std::size_t index, std::uint64_t times) {
    sum += static_cast<double>(hdr_layout::middle_at(index)) * static_cast<double>(times);
  });
  return from_seconds(sum / static_cast<double>(count_) / 1e6);
}

Duration Histogram::at_percentile(double percent) const {
  if (empty()) return {};
  if (percent >= 100) return max();  // Past 2^53 values the arithmetic below loses the last ones.
  // As HdrHistogram does: the percentile is nudged down by the least possible, so that 99.9 % of
  // 1000 values, which in binary is a hair over 999, still means the 999th.
  const double wanted =
      std::clamp(std::nextafter(percent, -std::numeric_limits<double>::infinity()), 0.0, 100.0);
  const double rank = std::ceil(wanted * static_cast<double>(count_) / 100.0);
  const std::uint64_t needed =
      std::clamp<std::uint64_t>(static_cast<std::uint64_t>(rank), 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (!blocks_[i]) continue;
    for (std::size_t at = 0; at < hdr_layout::kHalfCount; ++at) {
      seen += (*blocks_[i])[at];
      if (seen < needed) continue;
      const std::size_t index = i * hdr_layout::kHalfCount + at;
      return micros(percent > 0 ? hdr_layout::highest_at(index) : hdr_layout::lowest_at(index));
    }
  }
  return max();
}

std::uint64_t Histogram::count_at_or_below(Duration limit) const {
  const std::int64_t most = to_micros(limit);
  if (most < 0) return 0;
  if (most >= kHighestMicros) return count_;
  const std::size_t last = hdr_layout::index_of(most);
  std::uint64_t found = 0;
  for (std::size_t i = 0; i <= last / hdr_layout::kHalfCount; ++i) {
    if (!blocks_[i]) continue;
    const std::size_t end = std::min(hdr_layout::kHalfCount, last + 1 - i * hdr_layout::kHalfCount);
    for (std::size_t at = 0; at < end; ++at) found += (*blocks_[i])[at];
  }
  return found;
}

void Histogram::for_each(const std::function<void(Duration lowest, Duration highest,
                                                  std::uint64_t count)>& visit) const {
  for_each_index([&visit](std::size_t index, std::uint64_t times) {
    visit(micros(hdr_layout::lowest_at(index)), micros(hdr_layout::highest_at(index)), times);
  });
}

bool Histogram::operator==(const Histogram& other) const {
  if (count_ != other.count_ || clamped_ != other.clamped_) return false;
  const auto is_blank = [](const std::unique_ptr<Block>& block) {
    return !block || std::all_of(block->begin(), block->end(), [](auto n) { return n == 0; });
  };
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const auto& mine = blocks_[i];
    const auto& theirs = other.blocks_[i];
    if (mine && theirs ? *mine != *theirs : !is_blank(mine) || !is_blank(theirs)) return false;
  }
  return true;
}

}  // namespace squall::reports
