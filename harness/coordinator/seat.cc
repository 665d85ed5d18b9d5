#include "harness/coordinator/seat.h"

#include <algorithm>

namespace squall::coordinator {
namespace {

std::string in_words(Seat::State state) {
  switch (state) {
    case Seat::State::kAwaited:
      return "never joined";
    case Seat::State::kJoined:
    case Seat::State::kPrepared:
    case Seat::State::kRunning:
      return "stopped";
    case Seat::State::kDone:
      return "done";
    case Seat::State::kLost:
      break;
  }
  return "lost";
}

}  // namespace

bool Seat::has_in_force(const std::string& fault) const {
  return std::any_of(faults.begin(), faults.end(), [&fault](const auto& known) {
    return known.second.name == fault &&
           known.second.state == reports::FaultRecord::State::kInForce;
  });
}

bool Seat::may_have_in_force(const std::string& fault) const {
  const bool is_its_own =
      std::find(placed.faults.begin(), placed.faults.end(), fault) != placed.faults.end();
  const bool was_told_of = std::any_of(faults.begin(), faults.end(), [&fault](const auto& known) {
    return known.second.name == fault &&
           known.second.state != reports::FaultRecord::State::kPlanned;
  });
  return is_its_own && (!was_told_of || has_in_force(fault));
}

reports::AgentRecord Seat::record() const {
  reports::AgentRecord record{
      .name = name, .labels = labels, .version = version, .state = in_words(state)};
  record.clock_offset_ms = to_milliseconds(wall_offset.offset());
  if (offset_at_start && offset_at_start->is_known()) {
    record.clock_error_ms = to_milliseconds(offset_at_start->error());
    record.clock_drift_ms = to_milliseconds(offset.offset() - offset_at_start->offset());
  }
  return record;
}

}  // namespace squall::coordinator
