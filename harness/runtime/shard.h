#pragma once

#include <optional>
#include <string>
#include <thread>

#include "harness/base/units.h"
#include "harness/runtime/asio.h"

namespace squall {

/// Decides when a shard that has nothing left to do rests a moment before it looks again, so that
/// what arrives meanwhile shares a wake-up. (As network cards gather interrupts.)
///
/// Lifecycle:  outlives the shard's run.
/// Threads:    the shard's.
/// Errors:     none.
class RestPolicy {
 public:
  virtual ~RestPolicy() = default;
  /// How long to rest now; zero: not at all, the first event wakes the shard.
  virtual Duration rest() = 0;
  /// The shard has rested; what no event tells of is done here. True: it is asked for another rest
  /// next, because more of that is to come. False: only if there were events as well.
  virtual bool on_rested() = 0;
};

/// One thread with an event loop of its own. What it runs shares nothing with other shards.
///
/// All signals are blocked on the thread, so that they reach the program's main thread; its timers
/// are woken without the kernel's usual slack of 50 µs.
///
/// Lifecycle:  make → (post, set up) → start → let_end → join; the destructor does the last two.
///             The loop ends when it has been let to and nothing is left to do in it.
/// Threads:    start, let_end and join from one owner; context() may be posted to from any thread.
/// Errors:     std::system_error when the system gives no thread.
class Shard {
 public:
  explicit Shard(std::string name);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  ~Shard();

  asio::io_context& context() { return context_; }

  /// Before start(). Without one the shard never rests.
  void rest_by(RestPolicy& policy) { policy_ = &policy; }
  void start();
  /// The loop may end as soon as nothing is pending in it.
  void let_end();
  void join();

  /// Since when the loop of the calling thread has had something to do without a pause: when it
  /// last woke up, having had nothing left, or went to rest. The far future on a thread that is no
  /// shard's.
  static Instant awake_since();
  /// CPU time that the calling thread has used so far.
  static Duration cpu_time();

 private:
  void run();
  bool has_rested();

  std::string name_;
  asio::io_context context_{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  RestPolicy* policy_ = nullptr;
  std::thread thread_;
};

}  // namespace squall
