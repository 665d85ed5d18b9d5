#include "harness/agent/fault_threads.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace squall::agent {

FaultThreads::~FaultThreads() {
  end_all(WhyUndone::kRunIsOver);
  wait();
}

void FaultThreads::begin(const std::string& label, const std::string& place, Course course) {
  forget_those_that_are_over();
  end(label, WhyUndone::kItsEnd);
  std::vector<std::shared_future<void>> before;
  for (const One& one : ending_) {
    if (!place.empty() && one.place == place) before.push_back(one.left);
  }
  One one;
  one.place = place;
  std::promise<void> left;
  one.left = left.get_future().share();
  std::promise<void> over;
  one.over = over.get_future().share();
  ++under_way_;
  one.thread = std::thread([this, before = std::move(before), course = std::move(course),
                            end = one.end.get_future().share(), left = std::move(left),
                            over = std::move(over)]() mutable {
    for (const auto& earlier : before) earlier.wait();
    const bool has_ended = end.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    if (has_ended && (!course.is_moment || end.get() == WhyUndone::kRunIsOver)) {
      course.miss(end.get());
      left.set_value();
    } else {
      course.apply();
      const WhyUndone why = end.get();
      if (course.leave) {
        course.leave();
        left.set_value();
      }
      course.undo(why);
      if (!course.leave) left.set_value();
    }
    over.set_value();
    --under_way_;
  });
  in_force_.emplace(label, std::move(one));
}

bool FaultThreads::end(const std::string& label, WhyUndone why) {
  auto found = in_force_.extract(label);
  if (found.empty()) return false;
  end(std::move(found.mapped()), why);
  return true;
}

void FaultThreads::end(One one, WhyUndone why) {
  one.end.set_value(why);
  ending_.push_back(std::move(one));
}

void FaultThreads::end_all(WhyUndone why) {
  for (auto& [label, one] : std::exchange(in_force_, {})) end(std::move(one), why);
}

void FaultThreads::wait() {
  for (One& one : ending_) one.thread.join();
  ending_.clear();
}

void FaultThreads::forget_those_that_are_over() {
  const auto still = std::partition(ending_.begin(), ending_.end(), [](const One& one) {
    return one.over.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
  });
  std::for_each(still, ending_.end(), [](One& one) { one.thread.join(); });
  ending_.erase(still, ending_.end());
}

}  // namespace squall::agent
