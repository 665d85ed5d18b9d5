#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace squall::generators::http2 {

/// Finds the ticket of a stream by its number.
///
/// Open addressing. The numbers of a client's streams are odd and follow each other, so that each
/// has a slot of its own, unless some live much longer than others.
///
/// Lifecycle:  a value; holds no memory before the first stream.
/// Threads:    one owner at a time.
/// Errors:     adding a number that is in it is a programming error.
class StreamTable {
 public:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  void add(std::int32_t stream, std::uint32_t ticket) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    place({stream, ticket});
    ++size_;
  }

  /// The ticket of `stream`, or kNone.
  std::uint32_t find(std::int32_t stream) const {
    if (slots_.empty()) return kNone;
    for (std::size_t at = home(stream);; at = next(at)) {
      if (slots_[at].stream == stream) return slots_[at].ticket;
      if (slots_[at].stream == 0) return kNone;
    }
  }

  void remove(std::int32_t stream) {
    if (slots_.empty()) return;
    std::size_t hole = home(stream);
    for (; slots_[hole].stream != stream; hole = next(hole)) {
      if (slots_[hole].stream == 0) return;
    }
    --size_;
    // What would no longer be found across the hole moves into it (Knuth 6.4, algorithm R).
    for (std::size_t at = next(hole); slots_[at].stream != 0; at = next(at)) {
      const std::size_t from_home = (at - home(slots_[at].stream)) & (slots_.size() - 1);
      if (from_home < ((at - hole) & (slots_.size() - 1))) continue;
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole] = {};
  }

  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::int32_t stream = 0;  // 0: free.
    std::uint32_t ticket = 0;
  };

  std::size_t home(std::int32_t stream) const {
    return (static_cast<std::size_t>(stream) >> 1U) & (slots_.size() - 1);
  }
  std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }

  void place(Slot slot) {
    std::size_t at = home(slot.stream);
    while (slots_[at].stream != 0) at = next(at);
    slots_[at] = slot;
  }

  void grow() {
    std::vector<Slot> before(slots_.empty() ? kFirstSize : slots_.size() * 2);
    before.swap(slots_);
    for (const Slot& slot : before) {
      if (slot.stream != 0) place(slot);
    }
  }

  static constexpr std::size_t kFirstSize = 8;  // A power of two, so that a mask wraps.

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace squall::generators::http2
