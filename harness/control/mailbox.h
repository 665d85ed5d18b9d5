#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "harness/base/units.h"

namespace squall::control {

/// Values handed from several threads to one.
///
/// Lifecycle:  outlives every thread that posts to it.
/// Threads:    post() from any; take() from one.
/// Errors:     none.
template <typename T>
class Mailbox {
 public:
  void post(T value) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(value));
    }
    arrived_.notify_one();
  }

  /// The oldest value, waiting for one until `deadline`; nothing when none came.
  std::optional<T> take(Instant deadline) {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_until(lock, deadline, [this] { return !waiting_.empty(); })) return {};
    std::optional<T> value(std::move(waiting_.front()));
    waiting_.pop_front();
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<T> waiting_;
};

}  // namespace squall::control
