#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace squall::cli {

/// Turns SIGINT, SIGTERM and SIGHUP into calls, on a thread of its own.
///
/// Lifecycle:  block() first thing in main, before any thread is started; then one object while
///             signals are to be heard. Between the two a command that has begun nothing yet may
///             unblock(): what it waits for, like a pipe that nobody writes, is then given up.
/// Threads:    `heard` is called on the object's own thread, once for each signal.
/// Errors:     none.
class Interrupts {
 public:
  /// Keeps the signals from ending the process; threads started from now on inherit that.
  static void block();
  /// Undoes block(), so that the signals end the process as they usually do.
  static void unblock();

  explicit Interrupts(std::function<void(int signal)> heard);
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

 private:
  std::function<void(int)> heard_;
  std::atomic<bool> stopping_ = false;
  std::thread listener_;
};

}  // namespace squall::cli
