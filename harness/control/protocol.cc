#include "harness/control/protocol.h"

#include <cstddef>
#include <random>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "harness/base/reason.h"
#include "harness/base/version.h"

namespace squall::control {
namespace {

constexpr std::size_t kProcessBytes = 16;
constexpr const char* kWhatToDo = "install the same squall on both";

/// Programs older than its number say none.
std::string in_words(std::uint32_t protocol) {
  return protocol == 0 ? "a protocol without a number" : fmt::format("protocol {}", protocol);
}

/// Nobody can guess it: who knows it was told by this process.
const std::string& this_process() {
  static const std::string drawn = [] {
    std::random_device dice;
    std::string bytes;
    while (bytes.size() < kProcessBytes) bytes.push_back(static_cast<char>(dice()));
    return bytes;
  }();
  return drawn;
}

}  // namespace

void sign(wire::Hello& hello) {
  hello.set_process(this_process());
  hello.set_protocol(kProtocol);
  hello.set_version(std::string(version()));
}

Result<void> understands(const wire::Hello& hello, std::string_view name) {
  if (hello.protocol() != kProtocol) {
    return reason(std::errc::protocol_not_supported,
                  fmt::format("agent {} speaks {} (squall {}), the coordinator {} (squall {}): {}",
                              name, in_words(hello.protocol()), hello.version(),
                              in_words(kProtocol), version(), kWhatToDo));
  }
  if (hello.version() != version()) {
    return reason(std::errc::protocol_not_supported,
                  fmt::format("agent {} is version {}, the coordinator is {}: {}", name,
                              hello.version(), version(), kWhatToDo));
  }
  return {};
}

}  // namespace squall::control
