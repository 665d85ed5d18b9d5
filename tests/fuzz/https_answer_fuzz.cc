// What a DNS server says of a service: no crash, and whatever is read is within its bounds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "generators/transport/https_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostName = 255;
  const auto check = [](const squall::generators::ServiceRecord& record) {
    if (record.target.size() > kMostName || record.holds < squall::Duration::zero()) std::abort();
    for (const auto& id : record.alpn) {
      if (id.empty() || id.size() > kMostName) std::abort();
    }
  };
  const std::span<const std::uint8_t> message(data, size);
  if (const auto one = squall::generators::parse_service_data(message)) check(*one);
  const auto all = squall::generators::parse_https_answer(message, "edge.test");
  if (!all) return 0;
  for (std::size_t i = 0; i < all->size(); ++i) {
    check((*all)[i]);
    if (i > 0 && (*all)[i].priority < (*all)[i - 1].priority) std::abort();
  }
  return 0;
}
