// Whatever a log or a HAR file holds, it is read or refused; what is read is in the order of time,
// and has a method and a path.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "generators/spec/recording.h"

using squall::Duration;
using squall::generators::parse_recording;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char* const name : {"x.log", "x.har"}) {
    const auto recording = parse_recording(text, name, std::nullopt, {});
    if (!recording) {
      if (recording.error().trail.empty()) std::abort();
      continue;
    }
    if (recording->requests.empty() || recording->requests[0].at != Duration::zero()) std::abort();
    Duration before{};
    for (const auto& request : recording->requests) {
      if (request.at < before || request.method.empty()) std::abort();
      if (!request.path.starts_with('/')) std::abort();
      before = request.at;
    }
    if ((recording->unread == 0) != recording->first_unread.empty()) std::abort();
  }
  return 0;
}
