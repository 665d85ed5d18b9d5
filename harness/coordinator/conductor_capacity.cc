// What a conductor does beyond a plain run where a scenario searches a capacity.
#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>
#include <vector>

#include "harness/coordinator/conductor.h"

namespace squall::coordinator {

using namespace std::chrono_literals;

bool Conductor::heed_capacity() {
  if (!capacity_) return false;
  const MatrixOrders orders = capacity_->look(record_, elapsed());
  const std::string& load = record_.scenario.capacity->search;
  if (orders.ends_row) {
    wire::ToAgent message;
    message.mutable_end_row();
    tell_all(message);
  }
  if (orders.pace) {
    wire::ToAgent message;
    wire::Pace& pace = *message.mutable_pace();
    pace.set_load(load);
    pace.set_at_ns(orders.pace->at.count());
    wire::Pace::Stage& stage = *pace.add_stages();
    stage.set_from_per_s(orders.pace->rate.per_second);
    stage.set_to_per_s(orders.pace->rate.per_second);
    const generators::LoadSpec& spec = *record_.scenario.find_load(load);
    stage.set_length_ns((spec.at + spec.length() - orders.pace->at).count());
    tell_all(message);
    put_event("capacity.rate", load, capacity_->doing());
  }
  if (orders.begin) {
    wire::ToAgent message;
    message.mutable_begin_row()->set_row(static_cast<std::uint32_t>(orders.begin->row));
    message.mutable_begin_row()->set_at_ns(orders.begin->at.count());
    tell_all(message);
    put_event("capacity.row", load, capacity_->doing());
  }
  return capacity_->is_done();
}

void Conductor::keep_capacity() {
  if (!capacity_) return;
  // The plan is what was offered in the end, not what might have been until the deadline.
  const Duration over = record_.early_end ? record_.early_end->at : elapsed();
  const Duration end =
      std::min(record_.plan.length, std::max<Duration>(1s, stopped_at_.value_or(over)));
  capacity_->cut(record_.early_end ? record_.early_end->why : "the load ended before it", end);
  record_.capacity = capacity_->rows().front().capacity;
  if (!record_.scenario.matrix.empty()) record_.matrix = capacity_->rows();
  for (auto& load : record_.scenario.loads) {
    if (load.name != record_.capacity->load) continue;
    std::get<generators::OpenSpec>(load.schedule).stages = capacity_->stages_until(end);
  }
  plan_rows_as_they_were(end);
  capacity_.reset();
  record_.plan.length = end;
  for (auto& load : record_.plan.loads) load.to = std::min(load.to, record_.plan.length);
}

void Conductor::plan_rows_as_they_were(Duration end) {
  std::vector<scenarios::PlannedFault> came;
  for (scenarios::PlannedFault fault : std::exchange(record_.plan.faults, {})) {
    const auto shift = fault.row == 0 ? Duration::zero() : capacity_->shift_of(fault.row);
    if (!shift) {
      std::erase_if(record_.faults, [&](const auto& one) { return one.label == fault.label; });
      continue;
    }
    fault.from -= *shift;
    if (fault.to) *fault.to -= *shift;
    came.push_back(std::move(fault));
  }
  record_.plan.faults = std::move(came);
  for (std::size_t row = 0; row < record_.plan.rows.size(); ++row) {
    const auto shift = capacity_->shift_of(row);
    scenarios::PlannedRow& planned = record_.plan.rows[row];
    planned.from = shift ? planned.from - *shift : end;
    planned.to = shift ? std::min<Duration>(planned.to - *shift, end) : end;
  }
}

}  // namespace squall::coordinator
