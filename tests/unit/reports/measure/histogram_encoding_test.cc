#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "reports/measure/histogram.h"

#include "tests/support/result_matchers.h"

namespace squall::reports {
namespace {

constexpr std::size_t kHeaderBytes = 40;

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

/// The header of an encoding whose payload has `length` bytes.
std::string header(std::uint8_t length) {
  std::string bytes = Histogram().encode().substr(0, kHeaderBytes);
  bytes[7] = static_cast<char>(length);
  return bytes;
}

Histogram random_histogram(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Histogram histogram;
  const auto values = random() % 400;
  for (std::uint64_t i = 0; i < values; ++i) {
    const auto magnitude = random() % 32;
    histogram.record_micros(static_cast<std::int64_t>(random() % (std::uint64_t{1} << magnitude)),
                            1 + random() % 1000);
  }
  return histogram;
}

TEST(HistogramEncoding, IsTheOneThatHdrHistogramWrites) {
  // 1, 1, 3 and 2049 recorded, worked out by hand from the format: cookie, length 7, offset 0,
  // digits 3, lowest, highest, ratio 1.0; then one empty bucket (00), 2 (zigzag 04), one empty
  // (00), 1 (02), 2044 empty (-2044 zigzags to 4087, which is f7 1f in LEB128), 1 (02).
  Histogram histogram;
  histogram.record_micros(1, 2);
  histogram.record_micros(3);
  histogram.record_micros(2049);
  EXPECT_EQ(histogram.encode(), from_hex("1c849313"
                                         "00000007"
                                         "00000000"
                                         "00000003"
                                         "0000000000000001"
                                         "00000000d693a400"
                                         "3ff0000000000000"
                                         "00040002f71f02"));
}

TEST(HistogramEncoding, DecodesToWhatWasEncoded) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const Histogram histogram = random_histogram(seed);
    const auto decoded = Histogram::decode(histogram.encode());
    ASSERT_TRUE(ok(decoded)) << seed;
    ASSERT_EQ(*decoded, histogram) << seed;
    ASSERT_EQ((*decoded).count(), histogram.count());
  }
}

TEST(HistogramEncoding, TakesCountsUpToTheGreatest) {
  Histogram histogram;
  histogram.record_micros(5, std::numeric_limits<std::int64_t>::max());
  const auto decoded = Histogram::decode(histogram.encode());
  ASSERT_TRUE(ok(decoded));
  EXPECT_EQ(*decoded, histogram);
  histogram.record_micros(6);  // Together they overflow HdrHistogram's signed total.
  EXPECT_FALSE(Histogram::decode(histogram.encode()));
}

TEST(HistogramEncoding, TakesTheCookieWithoutTheWordSize) {
  std::string bytes = random_histogram(3).encode();
  bytes[3] = 0x03;
  EXPECT_TRUE(ok(Histogram::decode(bytes)));
}

TEST(HistogramEncoding, RefusesEveryTruncation) {
  const std::string bytes = random_histogram(5).encode();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_TRUE(failed_with(Histogram::decode(std::string_view(bytes).substr(0, length)),
                            std::errc::illegal_byte_sequence))
        << length;
  }
  EXPECT_FALSE(Histogram::decode(bytes + '\0'));
}

TEST(HistogramEncoding, RefusesAnotherLayout) {
  const std::string bytes = random_histogram(5).encode();
  for (std::size_t at = 0; at < kHeaderBytes; ++at) {
    std::string wrong = bytes;
    wrong[at] = static_cast<char>(wrong[at] ^ 0x01);
    if (at == 3) wrong[at] = static_cast<char>(wrong[at] ^ 0x02);
    EXPECT_FALSE(Histogram::decode(wrong)) << "header byte " << at;
  }
}

TEST(HistogramEncoding, RefusesABucketBeyondTheHighestValue) {
  // The highest value lies in bucket 21 · 1024 + 1716 = 23220: so many empty buckets before it
  // (zigzag 46439: e7 ea 02) are fine, one more is not (46441: e9 ea 02).
  EXPECT_TRUE(ok(Histogram::decode(header(4) + from_hex("e7ea0202"))));
  EXPECT_FALSE(Histogram::decode(header(4) + from_hex("e9ea0202")));
  EXPECT_FALSE(Histogram::decode(header(9) + from_hex("ffffffffffffffffff")));  // Least integer.
}

TEST(HistogramEncoding, GarbageIsAnErrorOrAHistogramThatEncodesAgain) {
  std::mt19937_64 random(42);
  std::vector<std::string> encodings;
  for (std::uint64_t seed = 0; seed < 16; ++seed) {
    encodings.push_back(random_histogram(seed).encode());
  }
  for (int round = 0; round < 3'000; ++round) {
    std::string bytes = encodings[random() % encodings.size()];
    const auto flips = 1 + random() % 4;
    for (std::uint64_t i = 0; i < flips; ++i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (const auto decoded = Histogram::decode(bytes)) {
      const auto again = Histogram::decode((*decoded).encode());
      ASSERT_TRUE(ok(again));
      ASSERT_EQ(*again, *decoded);
    }
  }
}

}  // namespace
}  // namespace squall::reports
