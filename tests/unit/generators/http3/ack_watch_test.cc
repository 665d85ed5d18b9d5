#include "generators/http3/ack_watch.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

using Bytes = std::vector<std::uint8_t>;

const Bytes kShort{0x41, 'i', 'd'};

/// Seals packets with these numbers, of which headers have the last two bytes.
void send(AckWatch& watch, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t number = first; number <= last; ++number) {
    const Bytes header{0x41, 'i', 'd', static_cast<std::uint8_t>(number >> 8U),
                       static_cast<std::uint8_t>(number)};
    watch.on_sealed(header);
  }
}

TEST(AckWatch, CountsNothingLostThatIsAcknowledged) {
  AckWatch watch;
  send(watch, 0, 9);
  EXPECT_EQ(watch.sent(), 10U);
  watch.on_opened(kShort, Bytes{0x02, 4, 0, 0, 4});
  watch.on_opened(kShort, Bytes{0x02, 9, 0, 0, 4});
  EXPECT_EQ(watch.lost(), 0U);
}

TEST(AckWatch, CountsAsLostWhatThreeLaterOnesHaveOvertaken) {
  AckWatch watch;
  send(watch, 0, 20);
  // 7, 3 to 5, and 1.
  watch.on_opened(kShort, Bytes{0x02, 7, 0, 2, 0, 0, 2, 0, 0});
  EXPECT_EQ(watch.lost(), 2U) << "0 and 2; of 6 nobody knows yet";
  watch.on_opened(kShort, Bytes{0x02, 9, 0, 0, 1});
  EXPECT_EQ(watch.lost(), 3U);
  watch.on_opened(kShort, Bytes{0x02, 6, 0, 0, 1});
  EXPECT_EQ(watch.lost(), 3U) << "too late";
  watch.on_opened(kShort, Bytes{0x03, 20, 0, 0, 10, 1, 2, 3});
  EXPECT_EQ(watch.lost(), 3U);
}

TEST(AckWatch, FindsAcknowledgementsBehindOtherFrames) {
  AckWatch watch;
  send(watch, 0, 9);
  Bytes payload{0x00, 0x01, 0x1e,                         // PADDING, PING, HANDSHAKE_DONE
                0x0e, 0x40, 0x04, 0x01, 0x02, 'h',  'i',  // STREAM with offset and length
                0x06, 0x00, 0x01, 'c',                    // CRYPTO
                0x12, 0x05, 0x11, 0x00, 0x41, 0x00,       // MAX_STREAMS, MAX_STREAM_DATA
                0x18, 0x01, 0x00, 0x02, 'a',  'b'};       // NEW_CONNECTION_ID
  payload.insert(payload.end(), 16, 't');
  payload.insert(payload.end(), {0x02, 9, 0, 0, 4});
  watch.on_opened(kShort, payload);
  EXPECT_EQ(watch.lost(), 5U);
}

TEST(AckWatch, HoldsOnToNumbersWhoseHeadersShowOnlyTheirEnds) {
  AckWatch watch;
  send(watch, 65'500, 65'600);  // Two bytes, which wrap around.
  EXPECT_EQ(watch.sent(), 101U);
  // 65600 to 65541, and nothing before: 41 are lost.
  watch.on_opened(kShort, Bytes{0x02, 0x80, 0x01, 0x00, 0x40, 0, 0, 59});
  EXPECT_EQ(watch.lost(), 41U);
}

TEST(AckWatch, SeesTheServerFollowToNewKeysAndNotTheKeysBefore) {
  const Bytes old_keys{0x41, 'i', 'd', 0, 1};
  const Bytes new_keys{0x45, 'i', 'd', 0, 2};
  AckWatch watch;
  watch.on_sealed(old_keys);
  watch.on_opened(new_keys, Bytes{0x01});
  EXPECT_EQ(watch.key_updates(), 0U) << "the server's own";
  watch.on_new_keys();
  watch.on_opened(new_keys, Bytes{0x01});
  EXPECT_EQ(watch.key_updates(), 0U) << "nothing was sent with ours yet";
  watch.on_sealed(new_keys);
  watch.on_opened(old_keys, Bytes{0x01});
  EXPECT_EQ(watch.key_updates(), 0U);
  watch.on_opened(new_keys, Bytes{0x01});
  watch.on_opened(new_keys, Bytes{0x01});
  EXPECT_EQ(watch.key_updates(), 1U);
  watch.on_new_keys();
  watch.on_sealed(old_keys);
  watch.on_opened(old_keys, Bytes{0x01});
  EXPECT_EQ(watch.key_updates(), 2U) << "there are but two phases";
}

TEST(AckWatch, IsNotMisledByNonsense) {
  AckWatch watch;
  const Bytes long_header{0xc3, 0, 0};
  watch.on_sealed(long_header);
  watch.on_sealed({});
  watch.on_sealed(Bytes{0x43, 1});
  EXPECT_EQ(watch.sent(), 0U);
  send(watch, 0, 9);
  const std::vector<Bytes> payloads{{0x02},
                                    {0x02, 9, 0, 0, 20},       // From below nothing,
                                    {0x02, 30, 0, 0, 30},      // of what was never sent,
                                    {0x02, 9, 0, 0x40},        // cut off,
                                    {0x0a, 0x00, 0x50, 'x'},   // longer than it is,
                                    {0x21, 0x02, 9, 0, 0, 0},  // or of an unknown type.
                                    {0x18, 0x01, 0x00}};
  for (const Bytes& payload : payloads) watch.on_opened(kShort, payload);
  watch.on_opened(long_header, Bytes{0x02, 9, 0, 0, 0});
  EXPECT_EQ(watch.lost(), 0U);
}

}  // namespace
}  // namespace squall::generators
