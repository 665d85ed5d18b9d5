// Servers that break QUIC itself: each is an end that says which rule it was.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/quic_pair.h"

namespace squall::generators {
namespace {

using test::kH3Get;
using test::QuicPair;
using test::QuicServerPeer;
using testing::ElementsAre;
namespace h3 = test::h3;

/// A pair with a request whose answer is awaited on stream 0.
std::unique_ptr<QuicPair> with_a_request() {
  auto pair = std::make_unique<QuicPair>();
  pair->begin();
  EXPECT_TRUE(pair->client->submit(0, kH3Get, false));
  pair->exchange();
  EXPECT_TRUE(pair->went_on);
  return pair;
}

/// The server says this in QUIC's own words, in a packet of its own.
void say(QuicPair& pair, const std::string& frames) {
  pair.server.say_instead(frames);
  pair.server.write(pair.control, std::string(frames.size() + 100, '\x21'));
  for (const std::string& datagram : pair.server.take(pair.now)) pair.give(datagram);
}

TEST(Http3Frames, WhatBreaksQuicEndsTheConnectionWithItsCode) {
  struct Case {
    const char* what;
    std::string frames;
    std::uint64_t code;
  };
  const std::string far("\xff\xff\xff\xff\xff\xff\xff\x00", 8);
  const std::vector<Case> cases{
      {"a frame of an unknown type", std::string("\x21\x00", 2), 0x7},
      {"more on a stream than its window", std::string("\x0e\x00\x80\x70\x00\x00\x01x", 8), 0x3},
      {"an offset that no stream can have", "\x0e" + std::string(1, '\0') + far + "\x41\x00x", 0x7},
      {"a stream that we have not opened", std::string("\x0a\x40\x40\x01x", 5), 0x5},
      {"more streams than we allow", std::string("\x0a\x60\x03\x01x", 5), 0x4},
      {"what only a receiver may say, of the server's own stream",
       std::string("\x11\x03\x40\x40", 4), 0x5},
      {"an acknowledgement of what was never sent", std::string("\x02\x7f\xff\x00\x00\x00", 6),
       0xa},
      {"an acknowledgement of less than nothing", std::string("\x02\x01\x00\x00\x05", 5), 0x7},
      {"a connection ID that retires itself",
       std::string("\x18\x01\x02\x08", 4) + std::string(8 + 16, 'i'), 0x7},
      {"a connection ID without bytes", std::string("\x18\x01\x00\x00", 4) + std::string(16, 'i'),
       0x7},
      {"a token of no length", std::string("\x07\x00", 2), 0x7},
      {"streams beyond what a number can say", "\x12" + far, 0x7},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    auto pair = with_a_request();
    say(*pair, one.frames);
    const SessionEnd& end = pair->client->end();
    EXPECT_FALSE(pair->went_on);
    EXPECT_EQ(end.kind, SessionEnd::Kind::kTransport) << end.text;
    EXPECT_EQ(end.code, one.code) << end.text;
    EXPECT_FALSE(end.by_peer);
    for (const std::string& datagram : pair->take_from_client()) {
      pair->server.receive(datagram, pair->now);
    }
    EXPECT_NE(pair->server.failure(), 0) << "the server was told";
  }
}

TEST(Http3Frames, TransportParametersThatMakeNoSenseEndTheHandshake) {
  QuicServerPeer::Options options;
  options.ack_delay_exponent = 21;
  QuicPair pair(options);
  pair.begin();
  const SessionEnd& end = pair.client->end();
  EXPECT_FALSE(pair.client->is_established());
  EXPECT_EQ(end.kind, SessionEnd::Kind::kTransport) << end.text;
  EXPECT_EQ(end.code, 0x8U) << end.text;
}

TEST(Http3Frames, AFloodOfFramesThatSayNothingChangesNothing) {
  auto pair = with_a_request();
  std::size_t answered = 0;
  for (int i = 0; i < 2000 && pair->went_on; ++i) {
    // ACK of the first packets again, PING, PATH_CHALLENGE, MAX_DATA that does not grow.
    say(*pair, std::string("\x02\x01\x00\x00\x01", 5) + "\x01" + "\x1a" + "12345678" +
                   std::string("\x10\x01", 2));
    for (const std::string& datagram : pair->take_from_client()) {
      ++answered;
      pair->server.receive(datagram, pair->now);
    }
    pair->now += std::chrono::milliseconds(1);
  }
  EXPECT_TRUE(pair->went_on) << pair->client->end().text;
  EXPECT_LT(answered, 10'000U) << "no more than a few for each";
}

TEST(Http3Frames, LossesAreCounted) {
  QuicPair pair;
  pair.begin();
  EXPECT_GT(pair.client->path().window, 10'000U);
  EXPECT_EQ(pair.client->path().lost, 0U);
  std::size_t lost = 0;
  for (RequestSession::Ticket ticket = 0; ticket < 20; ++ticket) {
    ASSERT_TRUE(pair.client->submit(ticket, kH3Get, false));
    for (const std::string& datagram : pair.take_from_client()) {
      if (ticket == 5 || ticket == 6 || ticket == 11) {
        ++lost;
      } else {
        pair.server.receive(datagram, pair.now);
      }
    }
    for (const std::string& datagram : pair.server.take(pair.now)) pair.give(datagram);
    pair.now += std::chrono::milliseconds(1);
  }
  while (pair.wait(pair.now + std::chrono::milliseconds(500))) {
  }
  EXPECT_GE(lost, 3U);
  EXPECT_EQ(pair.client->path().lost, lost);
  EXPECT_GE(pair.client->path().sent, 20 + lost);
  EXPECT_TRUE(pair.server.ended[4 * 11]) << "it was sent again";
}

}  // namespace
}  // namespace squall::generators
