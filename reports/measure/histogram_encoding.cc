// HdrHistogram's V2 encoding: AbstractHistogram.encodeIntoByteBuffer() and ZigZagEncoding of
// https://github.com/HdrHistogram/HdrHistogram (version 2.2).
#include <bit>
#include <cstdint>
#include <limits>
#include <optional>
#include <system_error>
#include <type_traits>

#include "reports/measure/histogram.h"

namespace squall::reports {
namespace {

constexpr std::uint32_t kCookieBase = 0x1c849303;
/// The nibble in which older encodings gave their word size; 1 says LEB128, as V2 always has.
constexpr std::uint32_t kWordSizeMask = 0xf0;
constexpr std::uint32_t kLeb128 = 0x10;
constexpr std::size_t kHeaderBytes = 40;

template <typename T>
void put(std::string& out, T value) {
  const auto bits = static_cast<std::make_unsigned_t<T>>(value);
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((bits >> shift) & 0xff));
  }
}

/// LEB128 of the zigzagged value, of at most nine bytes: the ninth holds eight bits.
void put_zigzag(std::string& out, std::int64_t value) {
  auto bits = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  for (int bytes = 1; bytes < 9 && bits >= 0x80; ++bytes) {
    out.push_back(static_cast<char>((bits & 0x7f) | 0x80));
    bits >>= 7;
  }
  out.push_back(static_cast<char>(bits));
}

/// Takes big-endian and LEB128 numbers off the front of some bytes; none when they run out.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool is_at_end() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }

  template <typename T>
  T take() {  // Only after left() was looked at.
    std::make_unsigned_t<T> bits = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bits = static_cast<std::make_unsigned_t<T>>(bits << 8 | take_byte());
    }
    return static_cast<T>(bits);
  }

  std::optional<std::int64_t> take_zigzag() {
    std::uint64_t bits = 0;
    for (int shift = 0;; shift += 7) {
      if (rest_.empty()) return std::nullopt;
      const std::uint64_t byte = take_byte();
      if (shift == 56) {
        bits |= byte << shift;
        break;
      }
      bits |= (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) break;
    }
    return static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
  }

 private:
  std::uint8_t take_byte() {
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }

  std::string_view rest_;
};

Error refuse(std::string_view why) {
  return error(std::errc::illegal_byte_sequence, why).within("decode histogram");
}

}  // namespace

std::string Histogram::encode() const {
  std::string counts;
  std::size_t next = 0;
  for_each_index([&](std::size_t index, std::uint64_t times) {
    const std::size_t zeros = index - next;
    if (zeros == 1) put_zigzag(counts, 0);
    if (zeros > 1) put_zigzag(counts, -static_cast<std::int64_t>(zeros));
    put_zigzag(counts, static_cast<std::int64_t>(times));
    next = index + 1;
  });
  if (counts.empty()) put_zigzag(counts, 0);

  std::string out;
  out.reserve(kHeaderBytes + counts.size());
  put<std::uint32_t>(out, kCookieBase | kLeb128);
  put<std::int32_t>(out, static_cast<std::int32_t>(counts.size()));
  put<std::int32_t>(out, 0);  // Normalizing index offset.
  put<std::int32_t>(out, kSignificantDigits);
  put<std::int64_t>(out, kLowestMicros);
  put<std::int64_t>(out, kHighestMicros);
  put<std::uint64_t>(out, std::bit_cast<std::uint64_t>(1.0));  // Integer to double ratio.
  return out + counts;
}

Result<Histogram> Histogram::decode(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return refuse("shorter than its header");
  Reader reader(bytes);
  const auto cookie = reader.take<std::uint32_t>();
  if ((cookie & ~kWordSizeMask) != kCookieBase) return refuse("not HdrHistogram V2");
  const auto length = reader.take<std::int32_t>();
  if (reader.take<std::int32_t>() != 0) return refuse("normalizing index offset is not 0");
  if (reader.take<std::int32_t>() != kSignificantDigits) return refuse("digits are not 3");
  if (reader.take<std::int64_t>() != kLowestMicros) return refuse("lowest value is not 1");
  if (reader.take<std::int64_t>() != kHighestMicros) return refuse("highest value is not 1 h");
  if (std::bit_cast<double>(reader.take<std::uint64_t>()) != 1.0) return refuse("ratio is not 1");
  if (length < 0 || static_cast<std::size_t>(length) != reader.left()) {
    return refuse("payload length does not match");
  }

  Histogram histogram;
  constexpr std::size_t kEnd = hdr_layout::index_of(kHighestMicros) + 1;
  constexpr auto kMostCounts = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::size_t index = 0;
  while (!reader.is_at_end()) {
    const auto entry = reader.take_zigzag();
    if (!entry) return refuse("ends within a count");
    if (*entry < 0) {
      if (*entry < -static_cast<std::int64_t>(kEnd - index)) return refuse("too many buckets");
      index += static_cast<std::size_t>(-*entry);
      continue;
    }
    if (index >= kEnd) return refuse("too many buckets");
    const auto times = static_cast<std::uint64_t>(*entry);
    if (times > kMostCounts - histogram.count_) return refuse("counts overflow");
    if (times > 0) histogram.add_at(index, times);
    ++index;
  }
  return histogram;
}

}  // namespace squall::reports
