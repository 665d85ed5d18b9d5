// Whatever a server acknowledges, no more is lost than was sent. The first byte says how many
// packets are sent before each payload, and how long that is the next.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "generators/http3/ack_watch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  squall::generators::AckWatch watch;
  std::span<const std::uint8_t> left(data, size);
  const std::vector<std::uint8_t> opened{0x40};
  std::uint64_t sent = 0;
  std::uint64_t lost = 0;
  while (left.size() >= 2) {
    const std::size_t packets = left[0];
    const std::size_t length = std::min<std::size_t>(left[1], left.size() - 2);
    for (std::size_t i = 0; i < packets; ++i, ++sent) {
      watch.on_sealed(std::vector<std::uint8_t>{0x40, static_cast<std::uint8_t>(sent)});
    }
    watch.on_opened(opened, left.subspan(2, length));
    left = left.subspan(2 + length);
    if (watch.sent() != sent || watch.lost() < lost || watch.lost() > sent) std::abort();
    lost = watch.lost();
  }
  return 0;
}
