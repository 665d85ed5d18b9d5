#pragma once

#include <cassert>
#include <cstddef>
#include <utility>
#include <vector>

namespace squall::generators {

/// A first-in-first-out queue in one block of memory, which grows by doubling and is kept.
///
/// Lifecycle:  a value.
/// Threads:    one owner at a time.
/// Errors:     front() and pop() of an empty queue are programming errors.
template <typename T>
class RingQueue {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  const T& front() const {
    assert(size_ > 0);
    return slots_[first_];
  }

  void push(const T& value) {
    if (size_ == slots_.size()) grow();
    slots_[(first_ + size_) & (slots_.size() - 1)] = value;
    ++size_;
  }

  void pop() {
    assert(size_ > 0);
    first_ = (first_ + 1) & (slots_.size() - 1);
    --size_;
  }

 private:
  void grow() {
    std::vector<T> larger(slots_.empty() ? kFirstSize : slots_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) {
      larger[i] = slots_[(first_ + i) & (slots_.size() - 1)];
    }
    slots_ = std::move(larger);
    first_ = 0;
  }

  static constexpr std::size_t kFirstSize = 64;  // A power of two, so that a mask wraps.

  std::vector<T> slots_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace squall::generators
