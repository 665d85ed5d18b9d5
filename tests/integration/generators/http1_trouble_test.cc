// HTTP/1.1 with servers that break its rules: each request ends as the error that it is, and
// counts.
#include "tests/integration/generators/load_fixture.h"
#include "tests/integration/generators/scripted_server.h"

namespace squall::test {
namespace {

using generators::Protocol;

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const std::string kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Ten users for half a second on four connections; whatever the server does, the sums hold.
SecondCell offer(const ScriptedServer& server, Duration timeout = 300ms) {
  TargetSpec target = target_at(server.port(), Protocol::kH1, 4, 1);
  target.timeout = timeout;
  target.reconnect = {10ms, 50ms};
  const Ran ran = run_loads(target, {closed_load(10, 500ms)}, {}, 10s, 1);
  EXPECT_FALSE(ran.timed_out);
  EXPECT_LT(ran.took, 3s);
  const SecondCell total = ran.total("players");
  expect_sums_hold(total);
  EXPECT_GT(total.sent, 4U);
  return total;
}

/// All errors are of one class, and nothing is ok.
void expect_only(const SecondCell& total, ErrorClass error) {
  EXPECT_EQ(total.ok, 0U);
  EXPECT_GT(errors(total, error), 0U);
  EXPECT_EQ(errors(total, error), total.all_errors());
}

TEST(BrokenHttp1, WhatIsNoAnswerIsAProtocolError) {
  for (const std::string& nonsense :
       {std::string("<html>hello</html>\r\n\r\n"), std::string("HTTP/1.1 200 OK\n\nhello"),
        std::string("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"), kChunked + "five\r\nhello\r\n",
        kChunked + "5\r\nhello!\r\n",
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
        "HTTP/1.1 200 OK\r\nA: " + std::string(100'000, 'a'), std::string(16, '\0')}) {
    SCOPED_TRACE(nonsense.substr(0, 80));
    const ScriptedServer server([&](Peer& peer) {
      if (!peer.hear_request()) return;
      peer.say(nonsense);
      peer.hang();
    });
    expect_only(offer(server), ErrorClass::kProtocol);
  }
}

TEST(BrokenHttp1, AnAnswerThatIsCutOffIsClosed) {
  for (const std::string& cut : {std::string(), std::string("HTTP/1.1 200 OK\r\nContent-Le"),
                                 std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"),
                                 kChunked + "5\r\nhello\r\n"}) {
    SCOPED_TRACE(cut);
    const ScriptedServer server([&](Peer& peer) {
      if (peer.hear_request()) peer.say(cut);
    });
    expect_only(offer(server), ErrorClass::kClosed);
  }
}

TEST(BrokenHttp1, AServerThatAcceptsAndNeverAnswersTimesOut) {
  const ScriptedServer server([](Peer& peer) { peer.hang(); });
  const SecondCell total = offer(server, 100ms);
  expect_only(total, ErrorClass::kTimeout);
  EXPECT_NEAR(to_milliseconds(total.of(Metric::kService).max()), 100, 60);
  // A timed out request ends its connection; one per place and timeout, no spin.
  EXPECT_LT(server.accepted(), 60);
}

TEST(BrokenHttp1, AnAnswerThatTricklesTimesOut) {
  const ScriptedServer server([](Peer& peer) {
    if (!peer.hear_request()) return;
    peer.say("HTTP/1.1 200 OK\r\nA: ");
    while (!peer.is_stopping()) {
      peer.say("a");
      peer.pause(20ms);
    }
  });
  expect_only(offer(server, 100ms), ErrorClass::kTimeout);
}

TEST(BrokenHttp1, AServerThatTakesNoUploadTimesOutAndIsLeft) {
  const ScriptedServer server([](Peer& peer) {
    while (!peer.is_stopping()) peer.pause(20ms);
  });
  TargetSpec target = target_at(server.port(), Protocol::kH1, 1, 1);
  target.timeout = 200ms;
  target.reconnect = {10ms, 10ms};
  LoadSpec load = closed_load(1, 1s);
  load.requests[0].method = "POST";
  load.requests[0].body.emplace();
  std::string upload;
  upload.resize(20'000'000, 'u');
  load.requests[0].body->parts.emplace_back(std::move(upload));
  const Ran ran = run_loads(target, {load}, {}, 10s, 1);
  EXPECT_FALSE(ran.timed_out);
  const SecondCell total = ran.total("players");
  expect_sums_hold(total);
  EXPECT_GE(errors(total, ErrorClass::kTimeout), 3U) << "each on a connection of its own";
  EXPECT_GE(server.accepted(), 3);
}

TEST(BrokenHttp1, AServerThatClosesAfterEveryAnswerCostsNoRequest) {
  for (const std::string& answer :
       {kOk, std::string("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
        std::string("HTTP/1.0 200 OK\r\n\r\nuntil the end")}) {
    SCOPED_TRACE(answer);
    const ScriptedServer server([&](Peer& peer) {
      if (peer.hear_request()) peer.say(answer);
    });
    const SecondCell total = offer(server);
    EXPECT_GT(total.ok, 20U);
    EXPECT_EQ(errors(total, ErrorClass::kProtocol), 0U);
    // Without a word of it, a request may already be under way to a connection that closes.
    if (answer != kOk) {
      EXPECT_EQ(total.all_errors(), 0U);
    }
    EXPECT_EQ(errors(total, ErrorClass::kClosed), total.all_errors());
  }
}

/// Answers the first request on each connection, hears the second, and closes as if it had held the
/// connection for idle: without a byte.
void close_on_the_second(Peer& peer) {
  if (!peer.hear_request()) return;
  peer.say(kOk);
  peer.hear_request();
}

TEST(BrokenHttp1, ARequestOnAConnectionThatClosesAsItIsWrittenIsSentOnceMore) {
  const ScriptedServer server(close_on_the_second);
  TargetSpec target = target_at(server.port(), Protocol::kH1, 1, 1);
  target.reconnect = {1ms, 1ms};
  const Ran ran = run_loads(target, {open_load(20, 500ms)}, {}, 10s, 1);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 10U);
  EXPECT_EQ(total.retried, 9U) << "each but the first, on a connection of its own";
  EXPECT_EQ(total.connections_lost, 9U);
}

TEST(BrokenHttp1, WhatMayHaveBeenDoneIsNotSentOnceMore) {
  const ScriptedServer server(close_on_the_second);
  TargetSpec target = target_at(server.port(), Protocol::kH1, 1, 1);
  target.reconnect = {1ms, 1ms};
  LoadSpec load = open_load(20, 500ms);
  load.requests[0].method = "POST";
  const Ran ran = run_loads(target, {load}, {}, 10s, 1);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(total.retried, 0U);
  EXPECT_EQ(total.ok, 5U);
  EXPECT_EQ(errors(total, ErrorClass::kClosed), 5U);
}

TEST(BrokenHttp1, ARequestThatIsClosedTwiceEndsAsClosed) {
  std::atomic<int> connections = 0;
  const ScriptedServer server([&](Peer& peer) {
    if (connections++ == 0) {
      close_on_the_second(peer);
    } else {
      peer.hear_request();
    }
  });
  TargetSpec target = target_at(server.port(), Protocol::kH1, 1, 1);
  target.reconnect = {1ms, 1ms};
  const Ran ran = run_loads(target, {open_load(20, 100ms)}, {}, 10s, 1);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 1U);
  EXPECT_EQ(total.retried, 1U);
  EXPECT_EQ(errors(total, ErrorClass::kClosed), 1U);
}

TEST(BrokenHttp1, AnswersBeforeAnybodyAskedEndTheConnection) {
  const ScriptedServer server([](Peer& peer) {
    while (peer.hear_request()) {
      peer.say(kOk);
      peer.pause(1ms);
      peer.say(kOk);
      peer.hang();
    }
  });
  const SecondCell total = offer(server);
  EXPECT_GT(total.ok, 0U);
  EXPECT_GT(total.connections_lost, 0U);
  // The second answer counts where a second request was faster than it.
  EXPECT_LE(total.ok, 2 * static_cast<std::uint64_t>(server.accepted()));
}

TEST(BrokenHttp1, InterimAnswersAreNotTheAnswer) {
  const ScriptedServer server([](Peer& peer) {
    while (peer.hear_request()) {
      peer.say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + kOk);
    }
  });
  const SecondCell total = offer(server);
  EXPECT_GT(total.ok, 20U);
  EXPECT_EQ(total.ok, total.sent);
  EXPECT_EQ(total.status, (std::map<int, std::uint64_t>{{200, total.sent}}));
}

}  // namespace
}  // namespace squall::test
