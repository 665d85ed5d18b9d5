// What a server says of alternatives: no crash, and whatever is read has a port and a sane age.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "generators/request/alt_svc.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);  // NOLINT
  const auto all = squall::generators::parse_alt_svc(text);
  if (!all) return 0;
  for (const auto& one : *all) {
    if (one.port == 0 || one.max_age < squall::Duration::zero()) std::abort();
  }
  return 0;
}
