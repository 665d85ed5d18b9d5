#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "harness/base/units.h"
#include "harness/runtime/asio.h"

namespace squall::faults {

/// What is to be done at its time, on an event loop; things of one moment in the order given.
///
/// Lifecycle:  made before what uses it. clear() before the loop may end; nothing is done after.
/// Threads:    the loop's.
/// Errors:     none.
class Agenda {
 public:
  explicit Agenda(asio::io_context& loop) : timer_(loop) {}

  void at(Instant when, std::function<void()> what) {
    entries_.push_back({when, ++count_, std::move(what)});
    std::push_heap(entries_.begin(), entries_.end());
    set_timer();
  }
  void clear() {
    entries_.clear();
    timer_.cancel();
  }

 private:
  struct Entry {
    Instant when;
    std::uint64_t number;
    std::function<void()> what;
    bool operator<(const Entry& other) const {  // The heap has the greatest in front.
      return std::pair(when, number) > std::pair(other.when, other.number);
    }
  };

  void set_timer() {
    if (entries_.empty() || (is_set_ && set_to_ <= entries_.front().when)) return;
    is_set_ = true;
    set_to_ = entries_.front().when;
    timer_.expires_at(set_to_);
    timer_.async_wait([this](const boost::system::error_code& aborted) {
      if (aborted) return;
      is_set_ = false;
      run_due();
      set_timer();
    });
  }

  void run_due() {
    const Instant now = std::chrono::steady_clock::now();
    while (!entries_.empty() && entries_.front().when <= now) {
      std::pop_heap(entries_.begin(), entries_.end());
      const Entry due = std::move(entries_.back());
      entries_.pop_back();
      due.what();
    }
  }

  asio::steady_timer timer_;
  std::vector<Entry> entries_;
  std::uint64_t count_ = 0;
  bool is_set_ = false;
  Instant set_to_{};
};

}  // namespace squall::faults
