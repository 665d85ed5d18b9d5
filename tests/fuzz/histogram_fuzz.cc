// Any bytes are an Error or a histogram, and a histogram survives being encoded again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "reports/measure/histogram.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using squall::reports::Histogram;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto decoded = Histogram::decode(bytes);
  if (!decoded) return 0;
  const auto again = Histogram::decode((*decoded).encode());
  if (!again || !(*again == *decoded)) std::abort();
  if ((*decoded).at_percentile(100) != (*decoded).max()) std::abort();
  return 0;
}
