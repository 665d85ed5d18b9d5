// HTTP/3 servers that go away: what they did not look at is sent once more, and only once.
#include <map>
#include <string>

#include "tests/integration/generators/h3_servers.h"
#include "tests/support/scripted_quic_server.h"

namespace squall::test {
namespace {

using generators::Protocol;

TargetSpec unverified(const ScriptedQuicServer& server) {
  TargetSpec target = target_at(server.port(), Protocol::kH3, 1, 10);
  target.tls.verify = false;
  target.reconnect = {1ms, 10ms};
  return target;
}

const std::string kAnswer = h3::kHeaders + h3::kHello;
/// GOAWAY for the greatest of all streams: nothing more is taken, and all that has come is answered
/// (RFC 9114 §5.2).
const std::string kLastCall("\x07\x08\xff\xff\xff\xff\xff\xff\xff\xfc", 10);

/// A script that answers requests, and on the first connection says that it leaves with the fifth.
ScriptedQuicServer::Script leaves_once(std::string goaway, bool answers_all) {
  return [goaway = std::move(goaway), answers_all, all = std::map<int, H3Answers>()](
             QuicServerPeer& peer, int connection) mutable {
    H3Answers& answers = all[connection];
    if (!answers.begin(peer)) return;
    answers.each(peer, [&](std::int64_t stream) {
      constexpr std::int64_t kFifth = 16;
      if (connection == 0 && stream == kFifth) peer.write(answers.control(), goaway);
      if (connection > 0 || stream < kFifth || answers_all) peer.write(stream, kAnswer, true);
    });
  };
}

TEST(Http3Goaway, ARequestThatTheServerWillNotLookAtIsSentOnceMore) {
  const ScriptedQuicServer server(leaves_once(h3::goaway(16), false));
  const Ran ran = run_loads(unverified(server), {open_load(100, 500ms)}, {}, 20s, 1);
  EXPECT_FALSE(ran.timed_out);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(total.due, 50U);
  EXPECT_EQ(total.ok, 50U) << errors_of(total);
  EXPECT_GE(total.retried, 1U);
  EXPECT_LE(total.retried, 10U) << "no more than had a stream";
  EXPECT_EQ(total.connections_opened, 2U);
  EXPECT_EQ(total.connections_lost, 1U);
}

TEST(Http3Goaway, AServerThatAnswersWhatItHasBeforeItLeavesCostsNothing) {
  const ScriptedQuicServer server(leaves_once(kLastCall, true));
  const Ran ran = run_loads(unverified(server), {open_load(100, 500ms)}, {}, 20s, 1);
  EXPECT_FALSE(ran.timed_out);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 50U) << errors_of(total);
  EXPECT_EQ(total.retried, 0U);
  EXPECT_EQ(total.connections_opened, 2U);
  EXPECT_EQ(total.connections_lost, 1U);
}

TEST(Http3Goaway, ARequestThatIsTurnedAwayTwiceEndsSo) {
  const ScriptedQuicServer server(
      [all = std::map<int, H3Answers>()](QuicServerPeer& peer, int connection) mutable {
        H3Answers& answers = all[connection];
        if (!answers.begin(peer)) return;
        answers.each(peer, [&](std::int64_t) { peer.write(answers.control(), h3::goaway(0)); });
      });
  const Ran ran = run_loads(unverified(server), {open_load(50, 400ms)}, {}, 20s, 1);
  EXPECT_FALSE(ran.timed_out);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(total.due, 20U);
  EXPECT_EQ(total.ok, 0U);
  EXPECT_GT(errors(total, ErrorClass::kGoaway), 0U) << errors_of(total);
  EXPECT_LE(total.retried, 20U);
  EXPECT_LT(server.connections(), 200) << "no spin";
}

TEST(Http3Goaway, ARefusedRequestIsSentOnceMoreOnTheSameConnection) {
  constexpr std::uint64_t kRequestRejected = 0x10b;  // RFC 9114 §8.1.
  const ScriptedQuicServer server(
      [all = std::map<int, H3Answers>()](QuicServerPeer& peer, int connection) mutable {
        H3Answers& answers = all[connection];
        if (!answers.begin(peer)) return;
        answers.each(peer, [&](std::int64_t stream) {
          if (stream == 0) {
            peer.reset(stream, kRequestRejected);
          } else {
            peer.write(stream, kAnswer, true);
          }
        });
      });
  const SecondCell total =
      run_loads(unverified(server), {open_load(100, 300ms)}, {}, 20s, 1).total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 30U) << errors_of(total);
  EXPECT_EQ(total.retried, 1U);
  EXPECT_EQ(total.connections_opened, 1U);
}

TEST(Http3Goaway, AServerThatClosesWithAnErrorIsReplacedAfterTheBackOff) {
  constexpr std::uint64_t kInternalError = 0x102;
  const ScriptedQuicServer server(
      [all = std::map<int, H3Answers>()](QuicServerPeer& peer, int connection) mutable {
        H3Answers& answers = all[connection];
        if (!answers.begin(peer)) return;
        answers.each(peer, [&](std::int64_t stream) {
          peer.write(stream, kAnswer, true);
          if (stream == 8) peer.close_application(kInternalError, "tired");
        });
      });
  const SecondCell total =
      run_loads(unverified(server), {open_load(100, 500ms)}, {}, 20s, 1).total();
  expect_sums_hold(total);
  EXPECT_GT(errors(total, ErrorClass::kClosed), 5U) << "the third request of each connection";
  EXPECT_GT(total.ok, 20U);
  EXPECT_EQ(total.ok + errors(total, ErrorClass::kClosed) + errors(total, ErrorClass::kConnect) +
                total.unsent,
            50U);
  EXPECT_EQ(total.retried, 0U) << "HTTP/3 has a word for what was not looked at";
  EXPECT_GT(total.connections_lost, 5U);
  const reports::QuicError tired{"H3_INTERNAL_ERROR", kInternalError, true, false};
  ASSERT_EQ(total.quic.errors.count(tired), 1U);
  EXPECT_EQ(total.quic.errors.at(tired), total.connections_lost);
}

/// NO_ERROR of QUIC and of HTTP/3 (RFC 9000 §20.1, RFC 9114 §8.1).
TEST(Http3Goaway, AServerThatClosesWithoutAnErrorIsLostAndNoErrorIsCounted) {
  const auto closes_by = [](void (*close)(QuicServerPeer&)) {
    const ScriptedQuicServer server(
        [close, all = std::map<int, H3Answers>()](QuicServerPeer& peer, int connection) mutable {
          H3Answers& answers = all[connection];
          if (!answers.begin(peer)) return;
          answers.each(peer, [&](std::int64_t stream) {
            peer.write(stream, kAnswer, true);
            if (stream == 8) close(peer);
          });
        });
    return run_loads(unverified(server), {open_load(100, 500ms)}, {}, 20s, 1).total();
  };
  for (const SecondCell& total :
       {closes_by([](QuicServerPeer& peer) { peer.close_application(0x100); }),
        closes_by([](QuicServerPeer& peer) { peer.close_transport(0); })}) {
    expect_sums_hold(total);
    EXPECT_GT(total.connections_lost, 5U);
    EXPECT_TRUE(total.quic.errors.empty()) << total.quic.errors.begin()->first.name;
  }
}

}  // namespace
}  // namespace squall::test
