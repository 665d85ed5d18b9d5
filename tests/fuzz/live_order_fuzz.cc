// A line that was put into a run's folder: what is an order names a load where it must, and a rate,
// or a fault.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "harness/coordinator/live_order.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using squall::coordinator::LiveOrder;
  const auto order =
      squall::coordinator::parse_live_order({reinterpret_cast<const char*>(data), size});
  if (order && order->kind == LiveOrder::Kind::kStopFault && order->fault.empty()) std::abort();
  if (!order || order->kind != LiveOrder::Kind::kRate) return 0;
  if (order->load.empty() || !std::isfinite(order->rate.per_second) || order->rate.per_second < 0) {
    std::abort();
  }
  return 0;
}
