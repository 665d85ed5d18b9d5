// The alternative names of a peer's certificate, one on each line: whoever is found is found again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "harness/trust/identity.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream lines(std::string(reinterpret_cast<const char*>(data), size));
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  const auto identity = squall::trust::identity_of(names);
  if (!identity) return 0;
  const auto again = squall::trust::identity_of(squall::trust::to_uris(*identity));
  if (!again || *again != *identity) std::abort();
  return 0;
}
