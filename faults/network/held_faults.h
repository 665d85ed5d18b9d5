#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "faults/network/network_undo.h"
#include "faults/spec/network_spec.h"
#include "harness/base/units.h"

namespace squall::faults {

/// A network fault that is in force, or that is just being applied or taken back.
struct HeldFault {
  /// One that is ending may still delay what it has met, and stand where it stood; once it lets
  /// pass, it meets no more packets. What is left of one could not be taken back.
  enum class State { kInForce, kEnding, kLetsPass, kLeft };
  std::string label;
  NetworkFault fault;
  NetworkUndo undo;
  State state = State::kInForce;
  /// When it is to end by itself; none: nobody knows, or it could not be taken back then.
  std::optional<Instant> until = {};

  /// Its end has come, whether it has noticed or not.
  bool is_due(Instant now) const { return is_ending() || (until && *until <= now); }
  bool is_ending() const { return state == State::kEnding || state == State::kLetsPass; }
  bool lets_pass() const { return state == State::kLetsPass || state == State::kLeft; }
};

/// The network faults of this process, by which those on one interface find each other: they share
/// one root qdisc, and the last to go puts back what was there before the first.
///
/// Lifecycle:  outlives all faults that are in it. A fault is in it from before its first change
///             until its undo took.
/// Threads:    any. Whoever adds or takes back a fault has the turn of its namespace meanwhile, so
///             that what was planned for an interface still holds when it is done. Nobody waits for
///             packets meanwhile; who looks, plans, probes, reads back or measures does so beside
///             others, and looks again in a turn of its own where that came out wrong.
/// Errors:     none.
class HeldFaults {
  struct Space {
    std::uint64_t asked = 0;   // Turns,
    std::uint64_t served = 0;  // and those that are over.
    std::uint64_t age = 0;     // Odd while somebody has the turn.
    std::uint64_t coming = 0;  // Who is about to ask for a turn to add one.
    std::vector<std::string> marks;
  };

 public:
  /// Nobody else adds or takes back a fault of the same namespace while one of these is there.
  class [[nodiscard]] Turn {
   public:
    /// Waits for those who asked before.
    Turn(HeldFaults& all, std::uint64_t space) : all_(all), space_(space) {
      std::unique_lock lock(all_.mutex_);
      Space& here = all_.spaces_[space_];
      const std::uint64_t mine = here.asked++;
      all_.changed_.wait(lock, [&] { return here.served == mine; });
      before_ = here.age++;
    }
    ~Turn() {
      {
        const std::lock_guard lock(all_.mutex_);
        Space& here = all_.spaces_[space_];
        ++here.age;
        ++here.served;
      }
      all_.changed_.notify_all();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    /// Whether what was looked at in this namespace at that age() is still so, but for strangers.
    bool is_first_since(std::uint64_t age) const { return age == before_; }

   private:
    HeldFaults& all_;  // NOLINT: its maker's, and outlives it.
    const std::uint64_t space_;
    std::uint64_t before_ = 0;
  };

  /// Somebody is about to add a fault while one of these is there: who takes another back lets it
  /// come first. Not to be held by who waits for that other to be gone.
  class [[nodiscard]] Coming {
   public:
    Coming(HeldFaults& all, std::uint64_t space) : all_(all), space_(space) {
      const std::lock_guard lock(all_.mutex_);
      ++all_.spaces_[space_].coming;
    }
    ~Coming() {
      {
        const std::lock_guard lock(all_.mutex_);
        --all_.spaces_[space_].coming;
      }
      all_.changed_.notify_all();
    }
    Coming(const Coming&) = delete;
    Coming& operator=(const Coming&) = delete;

   private:
    HeldFaults& all_;  // NOLINT: its maker's, and outlives it.
    const std::uint64_t space_;
  };

  /// Waits until nobody is about to add a fault to this namespace, or `limit` is over.
  void let_others_come(std::uint64_t space, Duration limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit, [&] { return spaces_[space].coming == 0; });
  }

  /// How often something of ours was changed in a namespace, or is just being changed.
  std::uint64_t age(std::uint64_t space) const {
    const std::lock_guard lock(mutex_);
    const auto found = spaces_.find(space);
    return found == spaces_.end() ? 0 : found->second.age;
  }
  /// Whether somebody has the turn.
  bool is_being_changed(std::uint64_t space) const { return age(space) % 2 != 0; }

  void add(HeldFault held) {
    const std::lock_guard lock(mutex_);
    held_.push_back(std::move(held));
  }
  /// Tells how far the fault whose table has this name has gone.
  void mark(const std::string& table, HeldFault::State state) {
    {
      const std::lock_guard lock(mutex_);
      for (HeldFault& one : held_) {
        if (one.undo.table != table) continue;
        one.state = state;
        // It has been tried to take it back, and it is still there.
        if (state == HeldFault::State::kInForce || state == HeldFault::State::kLeft) {
          one.until.reset();
        }
        spaces_[one.undo.space].age += 2;
      }
    }
    changed_.notify_all();
  }
  /// Forgets the fault whose table has this name.
  void remove(const std::string& table) {
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(held_, [&](const HeldFault& one) { return one.undo.table == table; });
    }
    changed_.notify_all();
  }
  /// Waits until no fault is such a one, or `limit` is over.
  void wait_while_any(const std::function<bool(const HeldFault&)>& is_such, Duration limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit,
                      [&] { return std::none_of(held_.begin(), held_.end(), is_such); });
  }
  /// Those in one network namespace.
  std::vector<HeldFault> in(std::uint64_t space) const {
    const std::lock_guard lock(mutex_);
    std::vector<HeldFault> some;
    std::copy_if(held_.begin(), held_.end(), std::back_inserter(some),
                 [&](const HeldFault& one) { return one.undo.space == space; });
    return some;
  }

  /// What bore our marks in a namespace before the first of its faults was applied (marks_in).
  void remember(std::uint64_t space, std::vector<std::string> marks) {
    const std::lock_guard lock(mutex_);
    spaces_[space].marks = std::move(marks);
  }
  std::vector<std::string> remembered(std::uint64_t space) const {
    const std::lock_guard lock(mutex_);
    const auto found = spaces_.find(space);
    return found == spaces_.end() ? std::vector<std::string>() : found->second.marks;
  }

 private:
  mutable std::mutex mutex_;  // Guards all.
  std::condition_variable changed_;
  std::vector<HeldFault> held_;
  std::map<std::uint64_t, Space> spaces_;  // None goes.
};

}  // namespace squall::faults
