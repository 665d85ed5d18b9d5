// What an agent sends is read by the coordinator, and the other way round: no bytes may hurt.
#include <cstddef>
#include <cstdint>

#include "harness/control/convert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  squall::wire::FromAgent message;
  if (!message.ParseFromArray(data, static_cast<int>(size))) return 0;
  if (message.has_snapshot()) {
    const auto snapshot = squall::control::from_message(message.snapshot());
    if (snapshot) (void)squall::control::to_message(*snapshot).SerializeAsString();
  }
  if (message.has_fault()) (void)squall::control::from_message(message.fault());
  if (message.has_event()) (void)squall::control::from_message(message.event(), "agent");
  return 0;
}
