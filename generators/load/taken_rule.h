#pragma once

#include <cstdint>
#include <limits>

namespace squall::generators {

/// How many requests a server takes on one connection, as far as it has shown.
///
/// One that goes away and leaves requests unprocessed has shown how many: those that it took. That
/// holds until a connection is seen to get further.
///
/// Lifecycle:  a value, one per URL; at first there is no such number.
/// Threads:    one owner at a time.
/// Errors:     none.
class TakenRule {
 public:
  /// The server has left a connection of `sent` requests, of which it took `taken`. `most_answers`
  /// is how many another connection has had, the most of all. True when `taken` is the number now.
  bool left(std::uint64_t taken, std::uint64_t sent, std::uint64_t most_answers) {
    // One that took none at all is in trouble, and says nothing about the next connection.
    if (taken == 0 || taken == sent || most_answers > taken) return false;
    taken_ = taken;
    return true;
  }
  /// A connection has had so many answers. True when that disproves the number, which is dropped.
  bool answered(std::uint64_t answers) {
    if (answers <= taken_) return false;
    drop();
    return true;
  }
  /// There is no such number any more.
  void drop() { taken_ = kAnyNumber; }

  /// True when the server would not take another request where so many have been sent.
  bool is_used_up(std::uint64_t sent) const { return sent >= taken_; }
  /// True when it takes fewer than that.
  bool is_less_than(std::uint64_t number) const { return taken_ < number; }

 private:
  static constexpr auto kAnyNumber = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t taken_ = kAnyNumber;
};

}  // namespace squall::generators
