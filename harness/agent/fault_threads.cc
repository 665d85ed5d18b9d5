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
  one.turn = turn_of(course.turn);
  const std::uint64_t number = one.turn ? one.turn->take() : 0;
  one.thread = std::thread([this, before = std::move(before), course = std::move(course),
                            turn = one.turn, number, end = one.end.get_future().share(),
                            left = std::move(left), over = std::move(over)]() mutable {
    for (const auto& earlier : before) earlier.wait();
    run(course, turn, number, end, left);
    over.set_value();
    --under_way_;
  });
  in_force_.emplace(label, std::move(one));
}

void FaultThreads::run(const Course& course, const std::shared_ptr<Turn>& turn,
                       std::uint64_t number, const std::shared_future<End>& end,
                       std::promise<void>& left) {
  if (turn) turn->wait_for(number);
  const bool has_ended = end.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  const auto comes_late = [&](WhyUndone why) {
    return why == WhyUndone::kItsEnd ? course.is_moment || turn != nullptr
                                     : course.is_moment && why == WhyUndone::kOperator;
  };
  const bool comes = !has_ended || comes_late(end.get().why);
  comes ? course.apply() : course.miss(end.get().why);
  if (turn) turn->pass();
  const End told = end.get();
  if (turn) turn->wait_for(told.number);
  if (comes && course.leave) course.leave();
  if (!comes || course.leave) left.set_value();
  if (comes) course.undo(told.why);
  if (comes && !course.leave) left.set_value();
  if (turn) turn->pass();
}

std::shared_ptr<FaultThreads::Turn> FaultThreads::turn_of(const std::string& name) {
  if (name.empty()) return nullptr;
  auto& turn = turns_[name];
  if (!turn) turn = std::make_shared<Turn>();
  return turn;
}

std::uint64_t FaultThreads::Turn::take() {
  const std::lock_guard lock(mutex);
  return given++;
}

void FaultThreads::Turn::wait_for(std::uint64_t number) {
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return over == number; });
}

void FaultThreads::Turn::pass() {
  {
    const std::lock_guard lock(mutex);
    ++over;
  }
  changed.notify_all();
}

bool FaultThreads::end(const std::string& label, WhyUndone why) {
  auto found = in_force_.extract(label);
  if (found.empty()) return false;
  end(std::move(found.mapped()), why);
  return true;
}

void FaultThreads::end(One one, WhyUndone why) {
  one.end.set_value({.why = why, .number = one.turn ? one.turn->take() : 0});
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
