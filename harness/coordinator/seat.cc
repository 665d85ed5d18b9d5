#include "harness/coordinator/seat.h"

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

reports::AgentRecord Seat::record() const {
  return {.name = name,
          .labels = labels,
          .version = version,
          .state = in_words(state),
          .clock_offset_ms = offset.is_known() ? to_milliseconds(offset.offset()) : 0};
}

}  // namespace squall::coordinator
