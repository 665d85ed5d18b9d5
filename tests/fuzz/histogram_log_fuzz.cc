// Any bytes are an Error or a histogram log, whose histograms survive being written again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "reports/hdr/histogram_log.h"
#include "reports/hdr/read_histogram_log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace squall::reports;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = read_hlog(
      text, [](std::string_view) { return true; },
      [](std::string_view, std::int64_t, const Histogram& histogram) {
        const auto written = compressed_base64(histogram);
        if (!written) std::abort();
        const auto again = from_compressed_base64(*written);
        if (!again || !(*again == histogram)) std::abort();
      });
  (void)read.has_value();
  return 0;
}
