#pragma once

#include <atomic>

namespace squall::coordinator {

/// Whether somebody wants the run to end: once, and its requests in flight may end; twice, at once.
/// Faults are undone in both cases.
///
/// Lifecycle:  outlives the run. Threads: any. Errors: none.
class StopRequest {
 public:
  /// `signal` is what asked, such as SIGINT; the first one is remembered.
  void ask(int signal) {
    int none = 0;
    signal_.compare_exchange_strong(none, signal);
    ++times_;
  }
  int times() const { return times_; }
  int signal() const { return signal_; }

 private:
  std::atomic<int> times_ = 0;
  std::atomic<int> signal_ = 0;
};

}  // namespace squall::coordinator
