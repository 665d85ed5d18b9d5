// Clients that break the rules: each is told so, and nobody else is harmed.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nghttp3/nghttp3.h>
#include <ngtcp2/ngtcp2.h>

#include "tests/support/quic_raw_client.h"

namespace squall::generators {
namespace {

using std::chrono_literals::operator""s;
using test::QuicServerWorld;
using test::RawClient;

const std::string kDataFirst("\x00\x01x", 3);
const std::string kSettingsOnRequest("\x04\x00", 2);

TEST(QuicServerHostile, AnswersASoundClient) {
  QuicServerWorld world;
  RawClient client(world);
  client.begin();
  const auto stream = client.ask(test::h3::kGetRoot);
  EXPECT_TRUE(client.peer.ended[stream]);
  EXPECT_THAT(client.peer.received[stream], testing::HasSubstr("hello"));
}

TEST(QuicServerHostile, EndsTheConnectionOfWhoBreaksHttp) {
  const struct {
    std::string bytes;
    std::uint64_t code;
  } cases[] = {{kDataFirst, NGHTTP3_H3_FRAME_UNEXPECTED},
               {kSettingsOnRequest, NGHTTP3_H3_FRAME_UNEXPECTED},
               {std::string("\x01\x02\xff\xff", 4), NGHTTP3_QPACK_DECOMPRESSION_FAILED},
               {std::string("\x01\x40\x10\x00", 4), NGHTTP3_H3_FRAME_ERROR}};
  for (const auto& [bytes, code] : cases) {
    QuicServerWorld world;
    RawClient client(world);
    client.begin();
    client.ask(bytes);
    EXPECT_EQ(client.peer.close_code(), code) << testing::PrintToString(bytes);
    EXPECT_THAT(world.connections, testing::IsEmpty());
    EXPECT_EQ(world.seen, 0);
  }
}

TEST(QuicServerHostile, EndsTheConnectionWhoseControlStreamEnds) {
  QuicServerWorld world;
  RawClient client(world);
  client.begin();
  client.peer.write(client.control, "", true);
  client.exchange();
  EXPECT_EQ(client.peer.close_code(), NGHTTP3_H3_CLOSED_CRITICAL_STREAM);
}

TEST(QuicServerHostile, EndsAMalformedRequestAlone) {
  QuicServerWorld world;
  RawClient client(world);
  client.begin();
  // Without :path.
  const auto bad = client.ask(std::string("\x01\x04\x00\x00\xd1\xd7", 6));
  EXPECT_EQ(client.peer.resets[bad], NGHTTP3_H3_MESSAGE_ERROR);
  const auto good = client.ask(test::h3::kGetRoot);
  EXPECT_TRUE(client.peer.ended[good]);
  EXPECT_EQ(world.seen, 1);
}

TEST(QuicServerHostile, AnswersNoRequestThatWasCutOff) {
  QuicServerWorld world;
  RawClient client(world);
  client.begin();
  const auto stream = client.ask(test::h3::kGetRoot, false);
  client.peer.reset(stream, NGHTTP3_H3_REQUEST_CANCELLED);
  client.exchange();
  EXPECT_EQ(world.seen, 0);
  EXPECT_EQ(client.peer.resets[stream], NGHTTP3_H3_REQUEST_CANCELLED);
  const auto good = client.ask(test::h3::kGetRoot);
  EXPECT_TRUE(client.peer.ended[good]);
}

TEST(QuicServerHostile, HasNoMoreThanItsStreamsOpen) {
  QuicServerWorld world;
  RawClient client(world);
  client.begin();
  std::uint64_t opened = 0;
  for (std::int64_t stream = client.peer.open_bidi(); stream >= 0;
       stream = client.peer.open_bidi()) {
    client.peer.write(stream, test::h3::kGetRoot);  // None of them ends.
    ASSERT_LE(++opened, Http3ServerSession::kMostStreams);
  }
  client.exchange();
  EXPECT_EQ(opened, Http3ServerSession::kMostStreams);
  EXPECT_EQ(client.peer.failure(), 0);
}

TEST(QuicServerHostile, LivesWithStreamsThatNobodyKnows) {
  QuicServerWorld world;
  RawClient client(world);
  client.begin();
  for (int i = 0; i < 100; ++i) {
    const auto stream = client.peer.open_uni();
    if (stream >= 0) client.peer.write(stream, std::string("\x21nonsense", 9), true);
    client.exchange();
  }
  const auto good = client.ask(test::h3::kGetRoot);
  EXPECT_TRUE(client.peer.ended[good]);
}

TEST(QuicServerHostile, TakesNothingFromADatagramThatWasChanged) {
  QuicServerWorld world;
  RawClient client(world);
  client.begin();
  client.peer.write(client.peer.open_bidi(), test::h3::kGetRoot, true);
  for (std::string datagram : client.peer.take(world.now)) {
    for (std::size_t at = 0; at < datagram.size(); at += 3) {
      datagram[at] = static_cast<char>(datagram[at] ^ 0x20);
      world.give_server(datagram, client.address);
      datagram[at] = static_cast<char>(datagram[at] ^ 0x20);
    }
    world.give_server(datagram.substr(0, datagram.size() - 1), client.address);
  }
  EXPECT_EQ(world.seen, 0);
  for (int tries = 0; tries < 20 && world.seen == 0; ++tries) {
    client.tick(world.now + 1s);  // It is sent again.
    client.exchange();
  }
  EXPECT_EQ(world.seen, 1);
}

TEST(QuicServerHostile, IgnoresAnEmptyDatagram) {
  QuicServerWorld world;
  world.give_server("", {asio::ip::make_address("127.0.0.1"), 5'000});
  EXPECT_EQ(world.server->counts().ignored, 1U);
}

TEST(QuicServerHostile, HearsTheSameDatagramOnceOnly) {
  QuicServerWorld world;
  RawClient client(world);
  client.begin();
  client.peer.write(client.peer.open_bidi(), test::h3::kGetRoot, true);
  for (const std::string& datagram : client.peer.take(world.now)) {
    for (int i = 0; i < 50; ++i) world.give_server(datagram, client.address);
  }
  EXPECT_EQ(world.seen, 1);
  client.exchange();
  EXPECT_EQ(client.peer.failure(), 0);
}

}  // namespace
}  // namespace squall::generators
