#include "reports/hdr/read_histogram_log.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <zlib.h>

#include "reports/hdr/histogram_log.h"

namespace squall::reports {
namespace {

/// V2 compressed, whatever the nibble says of the words: Histogram::decode() sees to that.
constexpr std::uint32_t kCookie = 0x1c849304;
constexpr std::uint32_t kNibble = 0xf0;
constexpr std::size_t kHeaderBytes = 8;
/// More than any histogram of the layout takes.
constexpr std::size_t kMostBytes = std::size_t{1} << 20U;

Error refuse(std::string_view why) { return error(std::errc::illegal_byte_sequence, why); }

std::optional<unsigned> digit_of(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 26;
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0') + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return std::nullopt;
}

/// RFC 4648 §4, its padding left away.
Result<std::string> from_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  unsigned bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const auto digit = digit_of(c);
    if (!digit) return refuse("not base64");
    bits = (bits << 6U | *digit) & 0xffffU;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<char>(bits >> held & 0xffU));
  }
  return bytes;
}

Result<std::string> inflated(std::string_view bytes) {
  std::string out(std::min(kMostBytes, 64 * bytes.size() + 4096), '\0');
  while (true) {
    auto size = static_cast<uLongf>(out.size());
    const int status =
        uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                   reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uLong>(bytes.size()));
    if (status == Z_OK) {
      out.resize(size);
      return out;
    }
    if (status != Z_BUF_ERROR || out.size() >= kMostBytes) return refuse("not deflated by zlib");
    out.resize(kMostBytes);
  }
}

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) {
    value = value << 8U | static_cast<std::uint8_t>(byte);
  }
  return value;
}

/// Cuts off and gives what comes before the next `mark`; all of it where there is none.
std::string_view take_until(char mark, std::string_view& rest) {
  const std::size_t end = rest.find(mark);
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return taken;
}

/// "Tag=browse,12.000,1.000,3.456,HIST…", cut up; none for what is no such line.
struct Line {
  std::string_view tag;
  std::int64_t second = 0;
  std::string_view histogram;
};

std::optional<Line> parts_of(std::string_view text) {
  constexpr std::string_view kTag = "Tag=";
  if (!text.starts_with(kTag)) return std::nullopt;
  text.remove_prefix(kTag.size());
  Line line;
  line.tag = take_until(',', text);
  const std::string_view begin = take_until(',', text);
  const auto [end, failure] =
      std::from_chars(begin.data(), begin.data() + begin.size(), line.second);
  if (failure != std::errc{} || std::string_view(end, begin.data() + begin.size()) != ".000") {
    return std::nullopt;
  }
  if (take_until(',', text) != "1.000") return std::nullopt;
  take_until(',', text);  // Interval_Max, which the histogram knows better.
  line.histogram = text;
  return line;
}

}  // namespace

Result<Histogram> from_compressed_base64(std::string_view text) {
  SQUALL_TRY(const std::string bytes, from_base64(text));
  if (bytes.size() < kHeaderBytes) return refuse("shorter than its header");
  if ((big_endian(bytes) & ~kNibble) != kCookie) return refuse("not a compressed HdrHistogram V2");
  const std::string_view payload = std::string_view(bytes).substr(kHeaderBytes);
  if (big_endian(std::string_view(bytes).substr(4)) != payload.size()) {
    return refuse("payload length does not match");
  }
  SQUALL_TRY(const std::string plain, inflated(payload));
  return Histogram::decode(plain);
}

Result<void> read_hlog(std::string_view text,
                       const std::function<bool(std::string_view tag)>& is_wanted,
                       const HlogVisitor& visit) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = take_until('\n', text);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#') || line.starts_with('"')) continue;
    const auto parts = parts_of(line);
    if (!parts)
      return refuse("no line of squall's histogram log").within(fmt::format("line {}", number));
    if (!is_wanted(parts->tag)) continue;
    auto histogram = from_compressed_base64(parts->histogram);
    if (!histogram) return std::move(histogram).error().within(fmt::format("line {}", number));
    visit(parts->tag, parts->second, *histogram);
  }
  return {};
}

Result<void> add_responses(std::string_view text, ComparedRun& run) {
  const auto load_of = [&](std::string_view tag) {
    return std::find_if(run.loads.begin(), run.loads.end(), [&](const ComparedLoad& load) {
      return hlog_tag(load.name, Metric::kResponse) == tag;
    });
  };
  return read_hlog(
      text, [&](std::string_view tag) { return load_of(tag) != run.loads.end(); },
      [&](std::string_view tag, std::int64_t second, const Histogram& histogram) {
        ComparedLoad& load = *load_of(tag);
        if (second < load.from || second >= load.to()) return;
        load.seconds[static_cast<std::size_t>(second - load.from)].response.add(histogram);
      });
}

}  // namespace squall::reports
