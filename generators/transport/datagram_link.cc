#include "generators/transport/datagram_link.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

namespace squall::generators {
namespace {

// Other connections and the schedule get their turn after so many reads, of 64 KB each, or so long.
constexpr int kReadsPerTurn = 16;
constexpr Duration kTurn = std::chrono::milliseconds(1);
constexpr std::size_t kReadSize = 64 * 1024;

/// Sends what `out` has; what the socket did not take stays in `out`.
DatagramLink::Step put(UdpSocket& socket, Datagrams& out) {
  for (std::size_t i = 0; i < out.bursts.size(); ++i) {
    DatagramBurst& burst = out.bursts[i];
    const IoStep step = socket.send(std::span(out.bytes).subspan(burst.begin, burst.size),
                                    burst.segment, burst.ecn);
    if (step.kind == IoStep::Kind::kDone) continue;
    burst.begin += step.bytes;
    burst.size -= step.bytes;
    out.bursts.erase(out.bursts.begin(), out.bursts.begin() + static_cast<std::ptrdiff_t>(i));
    return step.kind == IoStep::Kind::kWantWrite ? DatagramLink::Step::kBlocked
                                                 : DatagramLink::Step::kFailed;
  }
  out.bursts.clear();
  return DatagramLink::Step::kDone;
}

}  // namespace

DatagramLink::Step DatagramLink::receive(Instant& now) {
  static thread_local std::array<char, kReadSize> buffer;
  std::optional<Instant> began;
  for (int reads = 0; reads < kReadsPerTurn; ++reads) {
    if (began && now - *began >= kTurn) break;
    const UdpSocket::Received got = socket_.receive(buffer);
    if (got.kind == IoStep::Kind::kWantRead) return Step::kDone;
    if (got.kind != IoStep::Kind::kDone) return Step::kFailed;
    now = std::chrono::steady_clock::now();
    if (!began) began = now;
    for (std::span<const char> left(buffer.data(), got.bytes); !left.empty();) {
      const std::size_t some = std::min(got.segment, left.size());
      if (!session_->receive(left.first(some), got.ecn, now)) return Step::kOver;
      left = left.subspan(some);
    }
  }
  return Step::kMore;
}

DatagramLink::Step DatagramLink::send(Instant now) {
  if (unsent_) {
    const Step step = put(socket_, *unsent_);
    if (step != Step::kDone) return step;
    unsent_.reset();
  }
  static thread_local Datagrams out;
  for (;;) {
    out.bursts.clear();
    const bool goes_on = session_->take_output(out, now);
    const bool had_some = !out.bursts.empty();
    const Step step = put(socket_, out);
    if (!goes_on) return Step::kOver;
    if (step == Step::kBlocked) unsent_ = std::make_unique<Datagrams>(out);
    if (step != Step::kDone) return step;
    if (!had_some) return Step::kDone;
  }
}

}  // namespace squall::generators
