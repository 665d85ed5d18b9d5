#include "generators/target/service_queue.h"

#include <algorithm>
#include <utility>

namespace squall::generators {
namespace {

/// Heap order: the earliest end on top, first come first served where two end together.
bool ends_later(const ServiceQueue::Finished& a, const ServiceQueue::Finished& b) {
  return a.at != b.at ? a.at > b.at : a.number > b.number;
}

}  // namespace

ServiceQueue::ServiceQueue(Limits limits, std::function<Duration()> service_times)
    : limits_(limits), service_times_(std::move(service_times)) {}

ServiceQueue::Admission ServiceQueue::arrive(std::uint64_t number, Ticket ticket, Instant now) {
  advance(now);  // A slot that is free by now is free, whether or not we woke up for it.
  if (in_service_.size() < limits_.slots) {
    start(number, ticket, now);
    return Admission::kInService;
  }
  if (queued_ >= limits_.queue) return Admission::kRefused;
  waiting_.push_back({number, ticket, false});
  ++queued_;
  return Admission::kQueued;
}

void ServiceQueue::advance(Instant now) {
  while (!in_service_.empty() && in_service_.front().at <= now) {
    std::pop_heap(in_service_.begin(), in_service_.end(), ends_later);
    const Finished ended = in_service_.back();
    in_service_.pop_back();
    finished_.push_back(ended);
    start_waiting(ended.at);
  }
}

std::optional<ServiceQueue::Finished> ServiceQueue::take_finished() {
  if (finished_.empty()) return std::nullopt;
  const Finished first = finished_.front();
  finished_.pop_front();
  return first;
}

std::optional<Instant> ServiceQueue::next_event() const {
  if (!finished_.empty()) return finished_.front().at;
  if (!in_service_.empty()) return in_service_.front().at;
  return std::nullopt;
}

bool ServiceQueue::withdraw(std::uint64_t number) {
  const auto found = std::lower_bound(
      waiting_.begin(), waiting_.end(), number,
      [](const Waiting& one, std::uint64_t sought) { return one.number < sought; });
  if (found == waiting_.end() || found->number != number || found->withdrawn) return false;
  found->withdrawn = true;
  --queued_;
  // Swept when they are the greater part: memory stays within twice the line, whatever clients do,
  // at a constant cost per withdrawal.
  if (waiting_.size() > 64 && queued_ < waiting_.size() / 2) {
    std::erase_if(waiting_, [](const Waiting& one) { return one.withdrawn; });
  }
  return true;
}

void ServiceQueue::change(Limits limits, Instant now) {
  advance(now);
  limits_ = limits;
  start_waiting(now);
}

void ServiceQueue::start(std::uint64_t number, Ticket ticket, Instant at) {
  in_service_.push_back({at + service_times_(), number, ticket});
  std::push_heap(in_service_.begin(), in_service_.end(), ends_later);
}

void ServiceQueue::start_waiting(Instant at) {
  while (queued_ > 0 && in_service_.size() < limits_.slots) {
    const Waiting next = waiting_.front();
    waiting_.pop_front();
    if (next.withdrawn) continue;
    --queued_;
    start(next.number, next.ticket, at);
  }
}

}  // namespace squall::generators
