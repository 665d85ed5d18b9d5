#include "generators/http3/ack_watch.h"

#include <algorithm>

namespace squall::generators {
namespace {

constexpr std::uint64_t kThreshold = 3;  // RFC 9002 §6.1.1

/// The key phase of a packet with a short header (RFC 9000 §17.3.1).
bool phase_of(std::span<const std::uint8_t> header) { return (header[0] & 0x04U) != 0; }

bool is_short(std::span<const std::uint8_t> header) {
  return !header.empty() && (header[0] & 0x80U) == 0;
}

/// Reads what frames are made of; `ok` becomes false at the end of the payload.
struct Reader {
  std::span<const std::uint8_t> left;
  bool ok = true;

  /// RFC 9000 §16.
  std::uint64_t number() {
    if (left.empty()) {
      ok = false;
      return 0;
    }
    const std::size_t size = std::size_t{1} << (left[0] >> 6U);
    if (size > left.size()) {
      ok = false;
      return 0;
    }
    std::uint64_t value = left[0] & 0x3fU;
    for (std::size_t i = 1; i < size; ++i) value = value << 8U | left[i];
    left = left.subspan(size);
    return value;
  }
  void skip(std::uint64_t size) {
    if (size > left.size()) {
      ok = false;
    } else {
      left = left.subspan(static_cast<std::size_t>(size));
    }
  }
  void skip_numbers(int count) {
    for (int i = 0; i < count; ++i) number();
  }
};

/// Skips a frame that acknowledges nothing (RFC 9000 §19). False for a type that is not known.
bool skip_frame(std::uint64_t type, Reader& in) {
  constexpr std::uint64_t kResetToken = 16;
  constexpr std::uint64_t kPathData = 8;
  if (type >= 0x08 && type <= 0x0f) {  // STREAM
    in.number();
    if ((type & 0x04U) != 0) in.number();
    in.skip((type & 0x02U) != 0 ? in.number() : in.left.size());
    return true;
  }
  switch (type) {
    case 0x00:  // PADDING
    case 0x01:  // PING
    case 0x1e:  // HANDSHAKE_DONE
      return true;
    case 0x04:  // RESET_STREAM
      in.skip_numbers(3);
      return true;
    case 0x05:  // STOP_SENDING
    case 0x11:  // MAX_STREAM_DATA
    case 0x15:  // STREAM_DATA_BLOCKED
      in.skip_numbers(2);
      return true;
    case 0x06:  // CRYPTO
      in.number();
      in.skip(in.number());
      return true;
    case 0x07:  // NEW_TOKEN
      in.skip(in.number());
      return true;
    case 0x10:  // MAX_DATA
    case 0x12:  // MAX_STREAMS
    case 0x13:
    case 0x14:  // DATA_BLOCKED
    case 0x16:  // STREAMS_BLOCKED
    case 0x17:
    case 0x19:  // RETIRE_CONNECTION_ID
      in.number();
      return true;
    case 0x18:  // NEW_CONNECTION_ID
      in.skip_numbers(2);
      if (!in.left.empty()) in.skip(1 + in.left[0] + kResetToken);
      return true;
    case 0x1a:  // PATH_CHALLENGE
    case 0x1b:  // PATH_RESPONSE
      in.skip(kPathData);
      return true;
    default:
      return false;
  }
}

}  // namespace

void AckWatch::on_sealed(std::span<const std::uint8_t> header) {
  if (!is_short(header)) return;
  const std::size_t size = (header[0] & 0x03U) + 1U;
  if (header.size() < 1 + size) return;
  if (awaits_keys_ && !new_phase_) new_phase_ = phase_of(header);
  std::uint64_t low = 0;
  for (const std::uint8_t byte : header.last(size)) low = low << 8U | byte;
  // The least number from next_ on that ends in these bytes.
  const std::uint64_t window = std::uint64_t{1} << (8U * size);
  std::uint64_t number = (next_ & ~(window - 1)) | low;
  if (number < next_) number += window;
  next_ = number + 1;
  // Of a download we send acknowledgements alone, of which the server need not speak.
  if (unsettled_.size() == kMost) unsettled_.pop_front();
  unsettled_.push_back({number});
  ++sent_;
}

void AckWatch::on_opened(std::span<const std::uint8_t> header,
                         std::span<const std::uint8_t> payload) {
  if (!is_short(header)) return;
  if (new_phase_ == phase_of(header)) {
    ++key_updates_;
    awaits_keys_ = false;
    new_phase_.reset();
  }
  if (unsettled_.empty()) return;
  Reader in{payload};
  bool is_acked = false;
  while (in.ok && !in.left.empty()) {
    const std::uint64_t type = in.number();
    if (type != 0x02 && type != 0x03) {
      if (!skip_frame(type, in)) break;
      continue;
    }
    // ACK (RFC 9000 §19.3).
    std::uint64_t last = in.number();
    in.number();
    std::uint64_t more = in.number();
    std::uint64_t length = in.number();
    for (; in.ok && length <= last; --more) {
      acknowledge(last - length, last);
      is_acked = true;
      if (more == 0) break;
      const std::uint64_t gap = in.number() + 2;
      if (last - length < gap) break;
      last -= length + gap;
      length = in.number();
    }
    if (type == 0x03) in.skip_numbers(3);
  }
  if (is_acked) settle();
}

void AckWatch::on_new_keys() {
  awaits_keys_ = true;
  new_phase_.reset();
}

void AckWatch::acknowledge(std::uint64_t first, std::uint64_t last) {
  if (last >= next_) return;  // It was never sent; ngtcp2 will say so.
  largest_ = has_acked_ ? std::max(largest_, last) : last;
  has_acked_ = true;
  auto one =
      std::lower_bound(unsettled_.begin(), unsettled_.end(), first,
                       [](const Sent& sent, std::uint64_t number) { return sent.number < number; });
  for (; one != unsettled_.end() && one->number <= last; ++one) one->acked = true;
}

void AckWatch::settle() {
  while (!unsettled_.empty()) {
    const Sent& oldest = unsettled_.front();
    if (!oldest.acked && oldest.number + kThreshold > largest_) break;
    if (!oldest.acked) ++lost_;
    unsettled_.pop_front();
  }
}

}  // namespace squall::generators
