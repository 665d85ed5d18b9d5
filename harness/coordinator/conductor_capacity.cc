// What a conductor does beyond a plain run where a scenario searches a capacity.
#include <algorithm>
#include <chrono>
#include <variant>

#include "harness/coordinator/conductor.h"

namespace squall::coordinator {

using namespace std::chrono_literals;

bool Conductor::heed_capacity() {
  if (!capacity_) return false;
  if (const auto order = capacity_->look(record_, elapsed())) {
    wire::ToAgent message;
    wire::Pace& pace = *message.mutable_pace();
    pace.set_load(record_.scenario.capacity->search);
    pace.set_at_ns(order->at.count());
    wire::Pace::Stage& stage = *pace.add_stages();
    stage.set_from_per_s(order->stage.from.per_second);
    stage.set_to_per_s(order->stage.to.per_second);
    stage.set_length_ns(order->stage.length.count());
    for (Seat& seat : seats_) {
      if (!seat.is_over()) tell(seat, message);
    }
    put_event("capacity.rate", pace.load(), capacity_->doing());
  }
  return capacity_->is_done();
}

void Conductor::keep_capacity() {
  if (!capacity_) return;
  capacity_->cut(record_.early_end ? record_.early_end->why : "the load ended before it");
  record_.capacity = capacity_->record();
  // The plan is what was offered in the end, not what might have been until the deadline.
  const Duration over = record_.early_end ? record_.early_end->at : elapsed();
  const Duration end =
      std::min(record_.plan.length, std::max<Duration>(1s, stopped_at_.value_or(over)));
  for (auto& load : record_.scenario.loads) {
    if (load.name != record_.capacity->load) continue;
    std::get<generators::OpenSpec>(load.schedule).stages = capacity_->stages_until(end);
  }
  capacity_.reset();
  record_.plan.length = end;
  for (auto& load : record_.plan.loads) load.to = std::min(load.to, record_.plan.length);
}

}  // namespace squall::coordinator
