// What an agent sends is read by the coordinator, and the other way round: no bytes may hurt.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/control/convert.h"
#include "harness/coordinator/roll.h"
#include "harness/coordinator/whose_end.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  squall::wire::FromAgent message;
  if (!message.ParseFromArray(data, static_cast<int>(size))) return 0;
  if (message.has_snapshot()) {
    const auto snapshot = squall::control::from_message(message.snapshot());
    if (snapshot) (void)squall::control::to_message(*snapshot).SerializeAsString();
  }
  if (message.has_fault()) (void)squall::control::from_message(message.fault());
  if (message.has_event()) (void)squall::control::from_message(message.event(), "agent");
  if (message.has_hello()) {
    const auto who = squall::coordinator::applicant(message.hello(), {});
    std::vector<squall::coordinator::Seat> seats(1);
    seats[0].name = "a";
    seats[0].process = "p";
    if (who) (void)squall::coordinator::whose_end(seats, "r", who->name, message.hello());
  }
  return 0;
}
