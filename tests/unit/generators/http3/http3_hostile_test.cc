// Servers that break the rules, or end the connection: each is an end that says so.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "generators/http3/quic_errors.h"

#include "tests/support/quic_pair.h"

namespace squall::generators {
namespace {

using test::kH3Get;
using test::QuicPair;
using test::QuicServerPeer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
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

void expect_end(const QuicPair& pair, SessionEnd::Kind kind, std::uint64_t code, bool by_peer) {
  EXPECT_EQ(pair.client->end().kind, kind) << pair.client->end().text;
  EXPECT_EQ(pair.client->end().code, code) << pair.client->end().text;
  EXPECT_EQ(pair.client->end().by_peer, by_peer);
  EXPECT_FALSE(pair.client->can_submit());
  EXPECT_FALSE(pair.went_on);
  EXPECT_TRUE(pair.client->is_over());
}

TEST(Http3Hostile, WhatTheServerClosesWithIsKeptByNumberAndName) {
  auto application = with_a_request();
  application->server.close_application(0x102, "busy\n");
  application->exchange();
  expect_end(*application, SessionEnd::Kind::kProtocol, 0x102, true);
  EXPECT_EQ(application->client->end().text, "H3_INTERNAL_ERROR (0x102) from the server: busy?");
  EXPECT_EQ(application->client->complaint(), application->client->end().text);

  auto transport = with_a_request();
  transport->server.close_transport(3);
  transport->exchange();
  expect_end(*transport, SessionEnd::Kind::kTransport, 3, true);
  EXPECT_EQ(transport->client->end().text, "FLOW_CONTROL_ERROR (0x3) from the server");

  auto tls = with_a_request();
  tls->server.close_transport(0x174);
  tls->exchange();
  expect_end(*tls, SessionEnd::Kind::kTls, 0x174, true);
}

TEST(Http3Hostile, CodesHaveTheNamesOfTheRfcs) {
  EXPECT_EQ(quic_error_text(0), "NO_ERROR (0x0)");
  EXPECT_EQ(quic_error_text(0x10), "NO_VIABLE_PATH (0x10)");
  EXPECT_EQ(quic_error_text(0x77), "an unknown error (0x77)");
  EXPECT_EQ(quic_error_text(0x100), "TLS alert close_notify (0x100)");
  EXPECT_EQ(quic_error_text(0x12a), "TLS alert bad_certificate (0x12a)");
  EXPECT_EQ(quic_error_text(0x178), "TLS alert no_application_protocol (0x178)");
  EXPECT_EQ(quic_error_text(0x115), "TLS alert 21 (0x115)") << "TLS 1.3 has no such alert";
  EXPECT_EQ(quic_error_text(0x1ff), "TLS alert 255 (0x1ff)");
  EXPECT_EQ(http3_error_text(0x110), "H3_VERSION_FALLBACK (0x110)");
  EXPECT_EQ(http3_error_text(0x202), "QPACK_DECODER_STREAM_ERROR (0x202)");
  EXPECT_EQ(http3_error_text(0x111), "an unknown error (0x111)");
}

TEST(Http3Hostile, AStatelessResetEndsTheConnection) {
  auto pair = with_a_request();
  pair->give(pair->server.stateless_reset());
  expect_end(*pair, SessionEnd::Kind::kReset, 0, true);
}

TEST(Http3Hostile, AServerOfOtherVersionsIsSaidSo) {
  QuicPair pair;
  const auto first = pair.take_from_client();
  ASSERT_FALSE(first.empty());
  pair.give(QuicServerPeer::version_negotiation(first.front()));
  expect_end(pair, SessionEnd::Kind::kVersion, 0, false);
  EXPECT_THAT(pair.client->end().text, HasSubstr("0x1a2a3a4a, 0xff00001d"));
}

TEST(Http3Hostile, AServerOfAnotherProtocolIsATlsError) {
  QuicServerPeer::Options options;
  options.alpn = "hq-interop";
  QuicPair pair(options);
  pair.begin();
  EXPECT_FALSE(pair.client->is_established());
  expect_end(pair, SessionEnd::Kind::kTls, 0x178, true);  // no_application_protocol
}

TEST(Http3Hostile, AServerThatAllowsNoStreamsForHttp3BreaksIt) {
  QuicServerPeer::Options options;
  options.uni_streams = 2;
  QuicPair pair(options);
  pair.begin();
  EXPECT_EQ(pair.client->end().kind, SessionEnd::Kind::kProtocol) << pair.client->end().text;
  EXPECT_THAT(pair.client->end().text, HasSubstr("three streams"));
}

TEST(Http3Hostile, NonsenseOnTheControlStreamEndsTheConnectionWithItsCode) {
  struct Case {
    std::string bytes;
    std::uint64_t code;
  };
  const std::vector<Case> cases{
      {h3::kControl.substr(1), 0x105},          // SETTINGS twice: H3_FRAME_UNEXPECTED
      {std::string("\x00\x01x", 3), 0x105},     // DATA
      {std::string("\x01\x01x", 3), 0x105},     // HEADERS
      {std::string("\x02\x00", 2), 0x105},      // HTTP/2's PRIORITY
      {std::string("\x0d\x01\x00", 3), 0x105},  // MAX_PUSH_ID from a server
      {std::string("\x07\x00", 2), 0x106},      // GOAWAY of nothing: H3_FRAME_ERROR
      {h3::goaway(1), 0x108},                   // For no request's stream: H3_ID_ERROR
      {h3::goaway(0) + h3::goaway(4), 0x108},   // That grows
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(testing::PrintToString(one.bytes));
    auto pair = with_a_request();
    pair->server.write(pair->control, one.bytes);
    pair->exchange();
    expect_end(*pair, SessionEnd::Kind::kProtocol, one.code, false);
    EXPECT_NE(pair->server.failure(), 0) << "the server was told";
  }
}

TEST(Http3Hostile, NonsenseInsteadOfAnAnswerEndsTheConnectionWithItsCode) {
  struct Case {
    std::string bytes;
    std::uint64_t code;
  };
  const std::vector<Case> cases{
      {h3::kHello, 0x105},                              // DATA before HEADERS
      {h3::kControl.substr(1), 0x105},                  // SETTINGS
      {std::string("\x01\x03\x00\x00\xff", 5), 0x200},  // QPACK that is cut off
      // content-length: 0, and "hello": H3_MESSAGE_ERROR, which nghttp3 makes one of the connection
      {std::string("\x01\x04\x00\x00\xd9\xc4", 6) + h3::kHello, 0x10e},
      {std::string("\x05\x01\x00", 3), 0x105},  // PUSH_PROMISE that nobody allowed
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(testing::PrintToString(one.bytes));
    auto pair = with_a_request();
    pair->server.write(0, one.bytes, true);
    pair->exchange();
    expect_end(*pair, SessionEnd::Kind::kProtocol, one.code, false);
    EXPECT_THAT(pair->listener.heard[0].ends, IsEmpty()) << "the connection ended first";
  }
}

TEST(Http3Hostile, AMalformedAnswerEndsItsRequestAlone) {
  const std::vector<std::string> cases{
      std::string("\x01\x02\x00\x00", 4),          // No status
      std::string("\x01\x04\x00\x00\xd9\xd9", 6),  // Two of them
      std::string("\x01\x03\x00\x00\xd1", 5),      // :method
  };
  for (const std::string& bytes : cases) {
    SCOPED_TRACE(testing::PrintToString(bytes));
    auto pair = with_a_request();
    ASSERT_TRUE(pair->client->submit(1, kH3Get, false));
    pair->exchange();
    pair->server.write(0, bytes, true);
    pair->server.write(4, h3::kHeaders + h3::kHello, true);
    pair->exchange();
    EXPECT_THAT(pair->listener.heard[0].ends, ElementsAre(StreamEnd::kProtocol));
    EXPECT_THAT(pair->listener.heard[1].ends, ElementsAre(StreamEnd::kWhole));
    EXPECT_TRUE(pair->went_on) << pair->client->end().text;
  }
}

TEST(Http3Hostile, AStreamOfTheServersThatHasNoBusinessEndsTheConnection) {
  struct Case {
    std::string bytes;
    std::uint64_t code;
  };
  const std::vector<Case> cases{
      {std::string("\x01\x00", 2), 0x103},  // A push that nobody allowed
      {h3::kControl, 0x103},                // A second control stream: H3_STREAM_CREATION_ERROR
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(testing::PrintToString(one.bytes));
    auto pair = with_a_request();
    pair->server.write(pair->server.open_uni(), one.bytes);
    pair->exchange();
    expect_end(*pair, SessionEnd::Kind::kProtocol, one.code, false);
  }
}

TEST(Http3Hostile, TheControlStreamMustNotEnd) {
  auto pair = with_a_request();
  pair->server.write(pair->control, {}, true);
  pair->exchange();
  expect_end(*pair, SessionEnd::Kind::kProtocol, 0x104, false);  // H3_CLOSED_CRITICAL_STREAM
}

TEST(Http3Hostile, AHeaderOfMoreThan256KbIsTooMuch) {
  auto pair = with_a_request();
  // Literal fields with names of QPACK's static table (accept: */*, index 29), again and again.
  std::string block("\x00\x00\xd9", 3);
  block.append(10'000, '\xdd');
  std::string frame("\x01\x80", 2);
  frame += static_cast<char>(block.size() >> 16U);
  frame += static_cast<char>((block.size() >> 8U) & 0xffU);
  frame += static_cast<char>(block.size() & 0xffU);
  pair->server.write(0, frame + block);
  pair->exchange();
  expect_end(*pair, SessionEnd::Kind::kProtocol, 0x107, false);  // H3_EXCESSIVE_LOAD
}

TEST(Http3Hostile, WhatIsUnknownIsPassedOver) {
  auto pair = with_a_request();
  const std::string unknown("\x21\x05junk!", 7);  // RFC 9114 §7.2.8
  pair->server.write(pair->control, unknown);
  pair->server.write(pair->server.open_uni(), std::string("\x21junk", 5), true);
  pair->server.write(0, unknown + h3::kHeaders + unknown + h3::kHello + unknown, true);
  pair->exchange();
  EXPECT_TRUE(pair->went_on) << pair->client->end().text;
  EXPECT_EQ(pair->listener.heard[0].body, "hello");
}

TEST(Http3Hostile, DatagramsThatAreNoneOfTheConnectionsChangeNothing) {
  auto pair = with_a_request();
  pair->server.write(0, h3::kHeaders + h3::kHello, true);
  for (const std::string& datagram : pair->server.take(pair->now)) {
    for (std::size_t size = 0; size < datagram.size(); ++size) pair->give(datagram.substr(0, size));
    for (std::size_t at = 0; at < datagram.size(); ++at) {
      std::string changed = datagram;
      changed[at] = static_cast<char>(changed[at] ^ 0x10);
      pair->give(changed);
    }
    pair->give(std::string(1200, '\0'));
    pair->give(std::string(1200, '\xff'));
    EXPECT_THAT(pair->listener.heard[0].ends, IsEmpty());
    pair->give(datagram);
    pair->give(datagram);  // Twice is as good as once.
  }
  EXPECT_TRUE(pair->went_on) << pair->client->end().text;
  EXPECT_EQ(pair->listener.heard[0].body, "hello");
}

TEST(Http3Hostile, AStreamFloodOfTheServersIsHeldToTheLimit) {
  auto pair = with_a_request();
  int opened = 0;
  for (std::int64_t id = pair->server.open_uni(); id >= 0; id = pair->server.open_uni()) {
    pair->server.write(id, std::string("\x21x", 2));
    ++opened;
  }
  EXPECT_EQ(opened, 99) << "100, of which one is the control stream";
  pair->exchange();
  EXPECT_TRUE(pair->went_on) << pair->client->end().text;
}

}  // namespace
}  // namespace squall::generators
