// The format: HistogramLogWriter and AbstractHistogram.encodeIntoCompressedByteBuffer() of
// https://github.com/HdrHistogram/HdrHistogram (version 2.2).
#include "reports/hdr/histogram_log.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <zlib.h>

namespace squall::reports {
namespace {

/// The V2 compressed cookie, with the nibble that says "counts in LEB128".
constexpr std::uint32_t kCookie = 0x1c849304 | 0x10;

void put_big_endian(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

/// RFC 4648 §4.
std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t given = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < given ? static_cast<std::uint8_t>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out.push_back(j <= given ? kDigits[(group >> (18 - 6 * j)) & 0x3f] : '=');
    }
  }
  return out;
}

Result<std::string> deflated(std::string_view bytes) {
  uLongf size = compressBound(static_cast<uLong>(bytes.size()));
  std::string out(size, '\0');
  const int status = compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                               reinterpret_cast<const Bytef*>(bytes.data()),
                               static_cast<uLong>(bytes.size()), Z_DEFAULT_COMPRESSION);
  if (status != Z_OK) return error(std::errc::not_enough_memory, "deflate");
  out.resize(size);
  return out;
}

std::string header(WallTime started) {
  const auto since_epoch =
      std::chrono::floor<std::chrono::milliseconds>(started.time_since_epoch());
  return fmt::format(
      "#[Histogram log format version 1.3]\n"
      "#[Written by squall: values in microseconds, Interval_Max in milliseconds]\n"
      "#[StartTime: {}.{:03} (seconds since epoch)]\n"
      "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
      since_epoch.count() / 1000, since_epoch.count() % 1000);
}

}  // namespace

std::string hlog_tag(std::string_view load, Metric metric) {
  // A tag ends at a comma or a space.
  std::string tag(load);
  if (metric != Metric::kResponse) tag += fmt::format(".{}", to_string(metric));
  std::replace_if(
      tag.begin(), tag.end(),
      [](char c) { return c == ',' || c == ' ' || static_cast<unsigned char>(c) < ' '; }, '_');
  return tag;
}

Result<std::string> compressed_base64(const Histogram& histogram) {
  SQUALL_TRY(const std::string payload, deflated(histogram.encode()));
  std::string bytes;
  put_big_endian(bytes, kCookie);
  put_big_endian(bytes, static_cast<std::uint32_t>(payload.size()));
  return base64(bytes + payload);
}

Result<std::string> write_hlog(const RunRecord& record) {
  std::string log = header(record.started);
  const Ledger& ledger = record.ledger;
  std::int64_t first = 0;
  std::int64_t end = 0;
  for (const std::string& load : ledger.loads()) {
    first = std::min(first, ledger.first_second(load));
    end = std::max(end, ledger.end_second(load));
  }
  for (std::int64_t second = first; second < end; ++second) {
    for (const std::string& load : ledger.loads()) {
      const SecondCell cell = ledger.sum(load, second, second + 1);
      for (std::size_t i = 0; i < kMetrics; ++i) {
        const Histogram& histogram = cell.latency.at(i);
        if (histogram.empty()) continue;
        auto encoded = compressed_base64(histogram);
        if (!encoded) return std::move(encoded).error().within("write histogram log");
        fmt::format_to(std::back_inserter(log), "Tag={},{}.000,1.000,{:.3f},{}\n",
                       hlog_tag(load, static_cast<Metric>(i)), second,
                       to_milliseconds(histogram.max()), *encoded);
      }
    }
  }
  return log;
}

}  // namespace squall::reports
