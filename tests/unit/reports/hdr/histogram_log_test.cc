#include "reports/hdr/histogram_log.h"

#include <chrono>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/support/result_matchers.h"
#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::StartsWith;

std::string from_base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int held = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<unsigned>(digits.find(c));
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<char>(bits >> held & 0xff));
  }
  return bytes;
}

Result<Histogram> from_compressed(const std::string& text) {
  const std::string bytes = from_base64(text);
  EXPECT_THAT(bytes, StartsWith("\x1c\x84\x93\x14"));
  const std::string payload = bytes.substr(8);
  EXPECT_EQ(static_cast<std::uint8_t>(bytes[6]) * 256U + static_cast<std::uint8_t>(bytes[7]),
            payload.size());
  std::string plain(1 << 20, '\0');
  auto size = static_cast<uLongf>(plain.size());
  EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(plain.data()), &size,
                       reinterpret_cast<const Bytef*>(payload.data()),
                       static_cast<uLong>(payload.size())),
            Z_OK);
  return Histogram::decode(std::string_view(plain).substr(0, size));
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string log_of(SampleRun run) {
  const auto log = write_hlog(run.record());
  EXPECT_TRUE(ok(log));
  return log ? *log : "";
}

TEST(HistogramLog, BeginsWithItsVersionItsStartAndItsLegend) {
  const auto lines = lines_of(log_of(SampleRun()));
  EXPECT_THAT(lines, ElementsAre("#[Histogram log format version 1.3]", StartsWith("#["),
                                 "#[StartTime: 1795176000.000 (seconds since epoch)]",
                                 "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                                 "\"Interval_Compressed_Histogram\""));
}

TEST(HistogramLog, HasALineForEachLoadMetricAndSecond) {
  SampleRun run;
  run.answers(0, 2, 5ms).answers(3, 1, 1200ms);
  std::vector<std::string> beginnings;
  for (const std::string& line : lines_of(log_of(run))) {
    if (line.substr(0, 4) == "Tag=") beginnings.push_back(line.substr(0, line.find(",HISTFAAAA")));
  }
  EXPECT_THAT(
      beginnings,
      ElementsAre("Tag=browse,0.000,1.000,5.003", "Tag=browse.service,0.000,1.000,5.003",
                  "Tag=browse.ttfb,0.000,1.000,2.501", "Tag=browse.lateness,0.000,1.000,0.020",
                  "Tag=browse,3.000,1.000,1200.127", "Tag=browse.service,3.000,1.000,1200.127",
                  "Tag=browse.ttfb,3.000,1.000,600.063", "Tag=browse.lateness,3.000,1.000,0.020"));
}

TEST(HistogramLog, TheLinesOfATagAddUpToTheLoad) {
  SampleRun run = eventful_run();
  std::map<std::string, Histogram> by_tag;
  for (const std::string& line : lines_of(log_of(run))) {
    if (line.substr(0, 4) != "Tag=") continue;
    const auto histogram = from_compressed(line.substr(line.rfind(',') + 1));
    ASSERT_TRUE(ok(histogram)) << line;
    by_tag[line.substr(4, line.find(',') - 4)].merge(*histogram);
  }
  const SecondCell browse = run.record().ledger.total("browse");
  EXPECT_EQ(by_tag.at("browse"), browse.of(Metric::kResponse));
  EXPECT_EQ(by_tag.at("browse.service"), browse.of(Metric::kService));
  EXPECT_EQ(by_tag.at("browse.connect"), browse.of(Metric::kConnect));
  EXPECT_EQ(by_tag.at("players"), run.record().ledger.total("players").of(Metric::kResponse));
  EXPECT_EQ(by_tag.count("browse.resolve"), 0U);
}

TEST(HistogramLog, ATagHoldsNoCommaAndNoSpace) {
  SampleRun run;
  run.has_open_load("a, b", 1).answers(0, 1, 1ms, 200, "a, b");
  EXPECT_THAT(log_of(run), testing::HasSubstr("\nTag=a__b,0.000,"));
}

}  // namespace
}  // namespace squall::reports
