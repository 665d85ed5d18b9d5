#include "generators/transport/datagram_link.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

namespace squall::generators {
namespace {

// Other connections and the schedule get their turn after so many reads, of 64 KB each, or so long.
constexpr int kReadsPerTurn = 16;
constexpr Duration kTurn = std::chrono::milliseconds(1);
constexpr std::size_t kReadSize = 64 * 1024;

}  // namespace

IoStep DatagramLink::to_socket(std::span<const char> bytes, std::size_t segment, Ecn ecn) {
  UdpSocket& to = socket();
  const std::uint64_t before = to.sent();
  const IoStep step = to.send(bytes, segment, ecn);
  sent_ += to.sent() - before;
  return step;
}

/// Sends what `out` has; what the socket did not take stays in `out`.
DatagramLink::Step DatagramLink::put(Datagrams& out, Instant now) {
  for (std::size_t i = 0; i < out.bursts.size(); ++i) {
    DatagramBurst& burst = out.bursts[i];
    const auto bytes = std::span<const char>(out.bytes).subspan(burst.begin, burst.size);
    const IoStep step =
        trouble_ ? put_troubled(burst, bytes, now) : to_socket(bytes, burst.segment, burst.ecn);
    if (step.kind == IoStep::Kind::kDone) continue;
    burst.begin += step.bytes;
    burst.size -= step.bytes;
    out.bursts.erase(out.bursts.begin(), out.bursts.begin() + static_cast<std::ptrdiff_t>(i));
    return step.kind == IoStep::Kind::kWantWrite ? Step::kBlocked : Step::kFailed;
  }
  out.bursts.clear();
  return Step::kDone;
}

IoStep DatagramLink::put_troubled(const DatagramBurst& burst, std::span<const char> bytes,
                                  Instant now) {
  IoStep whole{IoStep::Kind::kDone, 0};
  while (whole.bytes < bytes.size()) {
    const auto datagram =
        bytes.subspan(whole.bytes, std::min(burst.segment, bytes.size() - whole.bytes));
    const DatagramTrouble::Fate fate = trouble_->meet(datagram.size());
    for (int copy = 0; copy < fate.copies; ++copy) {
      if (fate.held > Duration::zero()) {
        hold(now + fate.held, true, datagram, burst.ecn);
        continue;
      }
      whole.kind = to_socket(datagram, datagram.size(), burst.ecn).kind;
      // A copy more or less, where the socket takes no more, is a matter of chance anyway.
      if (whole.kind != IoStep::Kind::kDone) return whole;
    }
    whole.bytes += datagram.size();
  }
  return whole;
}

bool DatagramLink::hand_over(std::span<const char> datagram, Ecn ecn, Instant now) {
  ecn_.count(ecn);
  if (!trouble_) {
    ++heard_;
    return session_->receive(datagram, ecn, now);
  }
  const DatagramTrouble::Fate fate = trouble_->meet(datagram.size());
  for (int copy = 0; copy < fate.copies; ++copy) {
    if (fate.held > Duration::zero()) {
      hold(now + fate.held, false, datagram, ecn);
      continue;
    }
    ++heard_;
    if (!session_->receive(datagram, ecn, now)) return false;
  }
  return true;
}

void DatagramLink::hold(Instant until, bool is_outgoing, std::span<const char> bytes, Ecn ecn) {
  if (!held_) held_ = std::make_unique<HeldDatagrams>();
  held_->hold(until, is_outgoing, bytes, ecn);
}

std::optional<Instant> DatagramLink::next_release() const {
  return held_ ? held_->next() : std::nullopt;
}

DatagramLink::Step DatagramLink::release(Instant now) {
  if (!held_) return Step::kDone;
  while (const auto one = held_->take(now)) {
    if (!one->is_outgoing) {
      ++heard_;
      if (!session_->receive(one->bytes, one->ecn, now)) return Step::kOver;
      continue;
    }
    const IoStep step = to_socket(one->bytes, one->bytes.size(), one->ecn);
    if (step.kind == IoStep::Kind::kFailed) return Step::kFailed;
    // What the socket does not take now is lost, as on any path that is full.
  }
  return Step::kDone;
}

void DatagramLink::change(UdpSocket socket) {
  socket.follow(*socket_);
  before_ = std::exchange(socket_, std::move(socket));
}

DatagramLink::Step DatagramLink::receive_shared(Instant& now) {
  if (route_->has_failed()) return Step::kFailed;
  const SharedRoute::Batch batch = route_->take();
  if (!batch.datagrams.empty()) now = batch.at;
  for (const std::span<const char> datagram : batch.datagrams) {
    if (!hand_over(datagram, batch.ecn, now)) return Step::kOver;
  }
  return Step::kDone;
}

DatagramLink::Step DatagramLink::receive(Instant& now) {
  if (route_) return receive_shared(now);
  static thread_local std::array<char, kReadSize> buffer;
  std::optional<Instant> began;
  for (int reads = 0; reads < kReadsPerTurn; ++reads) {
    if (began && now - *began >= kTurn) break;
    const UdpSocket::Received got = socket_->receive(buffer);
    if (got.kind == IoStep::Kind::kWantRead) return Step::kDone;
    if (got.kind != IoStep::Kind::kDone) return Step::kFailed;
    now = std::chrono::steady_clock::now();
    if (!began) began = now;
    for (std::span<const char> left(buffer.data(), got.bytes); !left.empty();) {
      const std::size_t some = std::min(got.segment, left.size());
      if (!hand_over(left.first(some), got.ecn, now)) return Step::kOver;
      left = left.subspan(some);
    }
  }
  return Step::kMore;
}

DatagramLink::Step DatagramLink::send(Instant now) {
  if (unsent_) {
    const Step step = put(*unsent_, now);
    if (step != Step::kDone) return step;
    unsent_.reset();
  }
  static thread_local Datagrams out;
  for (;;) {
    out.bursts.clear();
    const bool goes_on = session_->take_output(out, now);
    const bool had_some = !out.bursts.empty();
    const Step step = put(out, now);
    if (!goes_on) return Step::kOver;
    if (step == Step::kBlocked) unsent_ = std::make_unique<Datagrams>(out);
    if (step != Step::kDone) return step;
    if (!had_some) return Step::kDone;
  }
}

}  // namespace squall::generators
