// Servers that break QUIC or HTTP/3, or end connections, under a load: each is an error that
// counts, by its class and by its number and name.
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "tests/integration/hostile/hostile_fixture.h"
#include "tests/support/scripted_quic_server.h"

namespace squall::test {
namespace {

using reports::QuicError;
using Options = QuicServerPeer::Options;
/// What is done about a request on a stream.
using Deal = std::function<void(QuicServerPeer&, H3Answers&, std::int64_t)>;

const std::string kAnswer = h3::kHeaders + h3::kHello;

void answer(QuicServerPeer& peer, H3Answers& /*answers*/, std::int64_t stream) {
  peer.write(stream, kAnswer, true);
}

/// In QUIC's own words, in a packet of its own.
void say(QuicServerPeer& peer, const H3Answers& answers, const std::string& frames) {
  peer.say_instead(frames);
  peer.write(answers.control(), "\x21\x40\x78" + std::string(120, 'j'));  // An unknown frame.
}

ScriptedQuicServer::Script each(Deal deal) {
  return [deal = std::move(deal), all = std::map<int, H3Answers>()](QuicServerPeer& peer,
                                                                    int connection) mutable {
    H3Answers& answers = all[connection];
    if (!answers.begin(peer)) return;
    answers.each(peer, [&](std::int64_t stream) { deal(peer, answers, stream); });
  };
}

/// 100 requests in a tenth of a second.
SecondCell suffer_http3(const ScriptedQuicServer& server, Duration timeout = kAmple) {
  TargetSpec target = hostile_target(server.port(), Protocol::kH3);
  target.timeout = timeout;
  return suffer(target, open_load(1000, 100ms));
}

/// Each connection that was lost ended so.
void expect_each_lost_by(const SecondCell& total, const QuicError& error) {
  ASSERT_EQ(total.quic.errors.size(), 1U) << total.quic.errors.begin()->first.name;
  const auto& [found, times] = *total.quic.errors.begin();
  EXPECT_EQ(found, error) << found.name;
  EXPECT_EQ(times, total.connections_lost);
  EXPECT_GT(times, 0U);
}

/// No connection came up, each for this.
void expect_none_up(const SecondCell& total, QuicError error) {
  error.in_handshake = true;
  expect_nothing_but(total, {ErrorClass::kConnect});
  EXPECT_EQ(total.connections_opened, 0U);
  ASSERT_EQ(total.quic.errors.count(error), 1U);
  EXPECT_EQ(total.quic.errors.size(), 1U);
  EXPECT_EQ(total.quic.errors.at(error), total.connections_failed);
}

TEST(HostileHttp3, TruncatedDatagramsBesideWholeOnesChangeNothing) {
  Options options;
  options.cut = Options::Cut::kBeside;
  const SecondCell total = suffer_http3(ScriptedQuicServer(each(answer), options));
  expect_all_ok(total);
  EXPECT_TRUE(total.quic.errors.empty());
}

TEST(HostileHttp3, WhereAllDatagramsAreTruncatedNoConnectionComesUp) {
  Options options;
  options.cut = Options::Cut::kAll;
  const ScriptedQuicServer server(each(answer), options);
  expect_none_up(suffer_http3(server, kBrief), {"handshake timed out", {}, false, false});
}

TEST(HostileHttp3, AServerOfOtherVersionsIsSaidSo) {
  Options options;
  options.is_of_other_versions = true;
  const ScriptedQuicServer server(each(answer), options);
  expect_none_up(suffer_http3(server, kBrief), {"no common version", {}, false, false});
}

TEST(HostileHttp3, TransportParametersThatMakeNoSenseEndEachHandshake) {
  Options options;
  options.ack_delay_exponent = 21;
  const ScriptedQuicServer server(each(answer), options);
  expect_none_up(suffer_http3(server, kBrief), {"TRANSPORT_PARAMETER_ERROR", 0x8, false, false});
}

TEST(HostileHttp3, WhatBreaksQuicEndsEachConnectionWithItsCode) {
  struct Case {
    std::string frames;
    QuicError error;
  };
  const std::vector<Case> cases{
      {std::string("\x21\x00", 2), {"FRAME_ENCODING_ERROR", 0x7, false, false}},
      // More on the first request's stream than its window.
      {std::string("\x0e\x00\x80\x70\x00\x00\x01x", 8), {"FLOW_CONTROL_ERROR", 0x3, false, false}},
      // The 2049th stream of the server's.
      {std::string("\x0a\x60\x03\x01x", 5), {"STREAM_LIMIT_ERROR", 0x4, false, false}},
      // An acknowledgement of what was never sent.
      {std::string("\x02\x7f\xff\x00\x00\x00", 6), {"PROTOCOL_VIOLATION", 0xa, false, false}},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.error.name);
    const ScriptedQuicServer server(each([&](QuicServerPeer& peer, const H3Answers& answers,
                                             std::int64_t) { say(peer, answers, one.frames); }));
    const SecondCell total = suffer_http3(server, kBrief);
    expect_nothing_but(total, {ErrorClass::kProtocol});
    expect_each_lost_by(total, one.error);
  }
}

TEST(HostileHttp3, WhatBreaksHttp3EndsEachConnectionWithItsCode) {
  const ScriptedQuicServer server(
      each([](QuicServerPeer& peer, const H3Answers& answers, std::int64_t) {
        peer.write(answers.control(), std::string("\x00\x01x", 3));  // DATA
      }));
  const SecondCell total = suffer_http3(server, kBrief);
  expect_nothing_but(total, {ErrorClass::kProtocol});
  expect_each_lost_by(total, {"H3_FRAME_UNEXPECTED", 0x105, false, false});
}

/// Streams and frames that nobody knows, and acknowledgements of what has long been known to have
/// arrived: for each request as many as are allowed, or a hundred.
TEST(HostileHttp3, FloodsOfWhatSaysNothingSpoilNoAnswer) {
  const ScriptedQuicServer server(
      each([](QuicServerPeer& peer, const H3Answers& answers, std::int64_t stream) {
        for (std::int64_t id = peer.open_uni(); id >= 0; id = peer.open_uni()) {
          peer.write(id, "\x21x", true);
        }
        std::string acks;
        for (int i = 0; i < 100; ++i) acks += std::string("\x02\x00\x00\x00\x00", 5);
        peer.say_instead(acks);
        peer.write(answers.control(), "\x21\x42\x58" + std::string(600, 'j'));
        peer.write(stream, "\x21\x05junk!" + kAnswer + "\x21\x05junk!", true);
      }));
  const SecondCell total = suffer_http3(server);
  expect_all_ok(total);
  EXPECT_EQ(total.connections_lost, 0U);
  EXPECT_TRUE(total.quic.errors.empty());
}

TEST(HostileHttp3, AStatelessResetOutOfTheBlueIsCounted) {
  const ScriptedQuicServer server(
      each([](QuicServerPeer& peer, const H3Answers& /*answers*/, std::int64_t stream) {
        if (stream == 0) peer.send(peer.stateless_reset());
      }));
  const SecondCell total = suffer_http3(server, kBrief);
  expect_nothing_but(total, {ErrorClass::kClosed});
  expect_each_lost_by(total, {"stateless reset", {}, true, false});
}

TEST(HostileHttp3, WhatTheServerClosesWithIsCountedByNumberAndName) {
  struct Case {
    std::function<void(QuicServerPeer&)> close;
    ErrorClass error;
    QuicError code;
  };
  const std::vector<Case> cases{
      {[](QuicServerPeer& peer) { peer.close_application(0x107, "go away"); },
       ErrorClass::kClosed,
       {"H3_EXCESSIVE_LOAD", 0x107, true, false}},
      {[](QuicServerPeer& peer) { peer.close_application(0x4711); },
       ErrorClass::kClosed,
       {"an unknown error", 0x4711, true, false}},
      {[](QuicServerPeer& peer) { peer.close_transport(0x1); },
       ErrorClass::kClosed,
       {"INTERNAL_ERROR", 0x1, true, false}},
      {[](QuicServerPeer& peer) { peer.close_transport(0x150); },
       ErrorClass::kTls,
       {"TLS alert internal_error", 0x150, true, false}},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.code.name);
    const ScriptedQuicServer server(
        each([&](QuicServerPeer& peer, const H3Answers&, std::int64_t) { one.close(peer); }));
    const SecondCell total = suffer_http3(server, kBrief);
    expect_nothing_but(total, {one.error});
    expect_each_lost_by(total, one.code);
  }
}

TEST(HostileHttp3, StreamsThatAreResetOrMalformedAreCountedEach) {
  const ScriptedQuicServer server(
      each([](QuicServerPeer& peer, const H3Answers& /*answers*/, std::int64_t stream) {
        if (stream % 8 == 0) {
          peer.reset(stream, 0x102);
        } else {
          peer.write(stream, std::string("\x01\x02\x00\x00", 4), true);  // No status.
        }
      }));
  const SecondCell total = suffer_http3(server);
  EXPECT_EQ(errors(total, ErrorClass::kReset), 50U);
  EXPECT_EQ(errors(total, ErrorClass::kProtocol), 50U);
  EXPECT_EQ(total.connections_lost, 0U);
  EXPECT_THAT(total.quic.errors,
              testing::UnorderedElementsAre(
                  testing::Pair(QuicError{"H3_INTERNAL_ERROR", 0x102, true, true}, 50U),
                  testing::Pair(QuicError{"H3_MESSAGE_ERROR", 0x10e, false, true}, 50U)));
}

}  // namespace
}  // namespace squall::test
