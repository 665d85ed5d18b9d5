#include "faults/link/link_model.h"

#include <algorithm>
#include <cmath>

namespace squall::faults {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLargestRead = 64UL * 1024;
constexpr Duration kTrickle = 5ms;  // A stream's pieces are as long as this at the rate.
constexpr Duration kDefaultQueue = 100ms;
constexpr double kSmallestQueue = 16.0 * 1024;
constexpr std::size_t kSmallestWindow = 256UL * 1024;
constexpr std::size_t kLargestWindow = 8UL * 1024 * 1024;
constexpr double kRateOfNone = 1e9;         // Bits per second, where no rate was asked for.
constexpr std::uint32_t kMostTimeouts = 6;  // 200 ms doubled so often is 12.8 s.

// A Pareto variate of shape 3 and least value 1 has mean 3/2 and variance 3/4.
constexpr double kParetoShape = 3;
constexpr double kParetoMean = 1.5;
constexpr double kParetoDeviation = 0.8660254037844386;
constexpr double kParetoMost = 100;  // One in a million is more; what it was is of no use.

double nanoseconds(Duration length) { return static_cast<double>(length.count()); }

bool does_nothing(const Impairment& asked) {
  return asked.delay == Duration::zero() && asked.jitter == Duration::zero() &&
         asked.average_loss().value <= 0 && asked.duplicate.value <= 0 &&
         asked.corrupt.value <= 0 && asked.reorder.value <= 0 && !asked.rate_bits_per_second &&
         !asked.mtu && !asked.slice;
}

}  // namespace

LinkModel::LinkModel(const Impairment& impairment, std::uint64_t seed)
    : impairment_(impairment),
      dice_(seed),
      is_transparent_(does_nothing(impairment)),
      most_at_once_(kLargestRead) {
  const double rate = impairment_.rate_bits_per_second.value_or(kRateOfNone);
  const double bytes_per_ns = rate / 8 / 1e9;
  double window = bytes_per_ns * nanoseconds(impairment_.delay + impairment_.jitter);
  if (impairment_.rate_bits_per_second) {
    const double queue = impairment_.queue
                             ? static_cast<double>(impairment_.queue->count)
                             : std::max(kSmallestQueue, bytes_per_ns * nanoseconds(kDefaultQueue));
    longest_queue_ = from_seconds(queue / bytes_per_ns / 1e9);
    window += queue;
    const double piece = bytes_per_ns * nanoseconds(kTrickle);
    most_at_once_ = std::clamp(static_cast<std::size_t>(piece), kSegment, kLargestRead);
  }
  window_ = std::clamp(static_cast<std::size_t>(window), kSmallestWindow, kLargestWindow);
}

Fate LinkModel::datagram(Instant now, std::size_t size, Flow& flow) {
  Fate fate;
  fate.at = now;
  if (is_transparent_) {  // What an earlier fault has delayed is still on its way.
    fate.at = std::max(now, flow.last);
    return fate;
  }
  if (impairment_.mtu && size > impairment_.mtu->count) {
    fate.kind = Fate::Kind::kTooLarge;
    return fate;
  }
  if (impairment_.rate_bits_per_second && ready_at(now) > now) {
    fate.kind = Fate::Kind::kOverflow;
    return fate;
  }
  const Instant sent = put_on_line(now, size);
  if (draw_loss()) {
    fate.kind = Fate::Kind::kLost;
    return fate;
  }
  fate.is_twice = dice_.falls(impairment_.duplicate.value);
  fate.is_corrupted = size > 0 && dice_.falls(impairment_.corrupt.value);
  if (fate.is_corrupted) fate.corrupted_bit = dice_.next() % (size * 8);
  fate.has_overtaken = dice_.falls(impairment_.reorder.value);
  fate.at = sent;
  if (fate.has_overtaken) return fate;
  fate.at += draw_delay();
  if (impairment_.in_order) fate.at = flow.last = std::max(fate.at, flow.last);
  return fate;
}

Fate LinkModel::stream(Instant now, std::size_t size, Flow& flow) {
  Fate fate;
  fate.at = now;
  if (is_transparent_ && flow.last <= now) return fate;
  Duration stall{};
  fate.segments = static_cast<std::uint32_t>((size + kSegment - 1) / kSegment);
  for (std::uint32_t segment = 0; segment < fate.segments; ++segment) {
    if (!draw_loss()) continue;
    ++fate.lost;
    Duration timeout = kFirstTimeout;
    Duration waited = timeout;
    for (std::uint32_t again = 1; again < kMostTimeouts && draw_loss(); ++again) {
      timeout *= 2;
      waited += timeout;
    }
    stall = std::max(stall, waited);  // What was sent together is missed together.
  }
  const Instant unstalled = put_on_line(now, size) + draw_delay();
  flow.last_unstalled = std::max(unstalled, flow.last_unstalled);
  fate.at = flow.last = std::max(unstalled + stall, flow.last);
  fate.stalled = std::max(fate.at - flow.last_unstalled, Duration::zero());
  return fate;
}

Instant LinkModel::ready_at(Instant now) const {
  if (!impairment_.rate_bits_per_second) return now;
  const Instant free = line_since_ + Duration(static_cast<std::int64_t>(line_free_ns_));
  return std::max(now, free - longest_queue_);
}

Instant LinkModel::put_on_line(Instant now, std::size_t size) {
  if (!impairment_.rate_bits_per_second) return now;
  // Kept as a sum of fractions since the line was last idle, so that no rate is rounded away.
  if (line_since_ + Duration(static_cast<std::int64_t>(line_free_ns_)) <= now) {
    line_since_ = now;
    line_free_ns_ = 0;
  }
  line_free_ns_ += static_cast<double>(size) * 8e9 / *impairment_.rate_bits_per_second;
  return line_since_ + Duration(static_cast<std::int64_t>(line_free_ns_));
}

Duration LinkModel::draw_delay() {
  const Impairment& asked = impairment_;
  if (asked.jitter == Duration::zero()) return asked.delay;
  double spread = 0;
  switch (asked.distribution) {
    case Impairment::Distribution::kUniform:
      spread = 2 * dice_.unit() - 1;
      break;
    case Impairment::Distribution::kNormal:
      spread = dice_.normal();
      break;
    case Impairment::Distribution::kPareto: {
      const double drawn = std::pow(1 - dice_.unit(), -1 / kParetoShape);
      spread = (std::min(drawn, kParetoMost) - kParetoMean) / kParetoDeviation;
      break;
    }
  }
  const double delay = nanoseconds(asked.delay) + spread * nanoseconds(asked.jitter);
  return Duration(static_cast<std::int64_t>(std::max(delay, 0.0)));
}

bool LinkModel::draw_loss() {
  if (!impairment_.gilbert_elliott) return dice_.falls(impairment_.loss.value);
  const GilbertElliott& chain = *impairment_.gilbert_elliott;
  if (dice_.falls(is_bad_ ? chain.to_good.value : chain.to_bad.value)) is_bad_ = !is_bad_;
  return dice_.falls(is_bad_ ? chain.loss_bad.value : chain.loss_good.value);
}

}  // namespace squall::faults
