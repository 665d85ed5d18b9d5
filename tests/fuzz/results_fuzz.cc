// Any bytes are an Error or a run that can be compared, with itself without a difference.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "reports/compare/compare.h"
#include "reports/json/read_results.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace squall::reports;
  const auto run = read_results({reinterpret_cast<const char*>(data), size});
  if (!run) return 0;
  std::size_t seconds = 0;
  for (const ComparedLoad& load : (*run).loads) seconds += load.seconds.size();
  if (seconds > 10'000) return 0;  // Right, but slow.
  const Comparison same = compare(*run, *run, {});
  if (same.verdict == ComparisonVerdict::kWorse || same.verdict == ComparisonVerdict::kBetter) {
    std::abort();
  }
  return 0;
}
