#pragma once

#include <algorithm>
#include <chrono>

#include "harness/base/units.h"

namespace squall::generators {

/// Says whose fault it is that due requests wait for a free stream: the target's, or our own.
///
/// While requests wait, every stream is either with the target or with us: an answer may lie unread
/// because the loop does not come round. Of each request that ends meanwhile, the time for which
/// its answer can have lain unread is ours at most, the rest of its time is the target's. The
/// backlog is ours when more than a third of the time is: without it, half as many requests again
/// would have found a stream. A loop that had nothing left to do has read every answer, so that a
/// target which stands still is never taken for a slow generator.
///
/// Lifecycle:  clear() when nothing waits any more; fade() about once a second, so that the past
///             weighs less than the present.
/// Threads:    one owner at a time.
/// Errors:     none.
class Blame {
 public:
  /// A request was sent `wait` after it was due, though a stream had been free all the time.
  void late(Duration wait) { add(wait, wait); }
  /// A request ended while others waited: `held` after it was sent, its answer unread for `unread`
  /// of it at most.
  void ended(Duration held, Duration unread) {
    add(held, unread < kPass ? Duration::zero() : std::min(held, unread));
  }

  bool is_ours() const { return all_ > Duration::zero() && 3 * ours_ > all_; }

  void fade() {
    ours_ /= 2;
    all_ /= 2;
  }
  void clear() { ours_ = all_ = Duration::zero(); }

 private:
  // A pass of the loop takes this long: next to answers as quick it would look like a share.
  static constexpr Duration kPass = std::chrono::milliseconds(1);

  void add(Duration all, Duration ours) {
    all_ += std::max(all, Duration::zero());
    ours_ += std::max(ours, Duration::zero());
  }

  Duration ours_{};
  Duration all_{};
};

}  // namespace squall::generators
