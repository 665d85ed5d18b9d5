#include "faults/core/pulses.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace squall::faults {

std::size_t pulses_due(const Pulse& pulse, Duration length) {
  const Duration both = std::max<Duration>(pulse.on + pulse.off, Duration(1));
  return 1 + static_cast<std::size_t>(std::max<Duration>(length, Duration::zero()) / both);
}

Pulses::Pulses(Pulse pulse, Change change)
    : pulse_(pulse), change_(std::move(change)), thread_([this] { run(); }) {}

Pulses::~Pulses() { stop(); }

void Pulses::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Pulses::run() {
  auto next = std::chrono::steady_clock::now();
  for (bool on = true;; on = !on) {
    next += on ? pulse_.on : pulse_.off;
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_until(lock, next, [this] { return is_stopping_; })) return;
    }
    auto changed = change_(!on);
    if (changed && !on) ++count_;
    if (!changed && !failure_) failure_ = std::move(changed).error();
  }
}

}  // namespace squall::faults
