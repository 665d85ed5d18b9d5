#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "faults/spec/fault_spec.h"
#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::faults {

/// How often a fault is on within `length`, where it can be switched as fast as that.
std::size_t pulses_due(const Pulse& pulse, Duration length);

/// Switches a fault off and on again by itself: on for a while, off for a while, from when it is
/// made, when the fault is on. The undo of the fault is one, whichever way it is switched.
///
/// Lifecycle:  made once the fault is on; stop() or the destructor leaves it as it is then.
/// Threads:    one owner; `change` is called on a thread of its own.
/// Errors:     a change that fails is tried again with the next pulse, and told of by failure().
class Pulses {
 public:
  using Change = std::function<Result<void>(bool on)>;

  Pulses(Pulse pulse, Change change);
  ~Pulses();
  Pulses(const Pulses&) = delete;
  Pulses& operator=(const Pulses&) = delete;

  void stop();
  /// How often it was on, the first time included. After stop().
  std::size_t count() const { return count_; }
  /// The first change that failed. After stop().
  const std::optional<Error>& failure() const { return failure_; }

 private:
  void run();

  const Pulse pulse_;
  const Change change_;
  std::mutex mutex_;  // Guards the next two.
  std::condition_variable wake_;
  bool is_stopping_ = false;
  std::size_t count_ = 1;  // The thread's, then its owner's; as the next.
  std::optional<Error> failure_;
  std::thread thread_;
};

}  // namespace squall::faults
