// Servers that are slow, silent, or leave, whatever they speak.
#include "tests/integration/hostile/hostile_fixture.h"

namespace squall::test {
namespace {

/// An answer with five bytes of body, as it goes over the wire.
std::string whole_answer(std::uint32_t stream) {
  return h2_answer(stream, "200", {}, false) + h2_frame(H2Type::kData, kEndStream, stream, "hello");
}

TEST(HostileConnection, AnAnswerInSingleBytesIsAsGoodAsAnyOther) {
  const ScriptedServer server(h2_script([](ScriptedConnection& connection, std::uint32_t stream) {
    connection.trickle(whole_answer(stream), Duration::zero());
  }));
  expect_all_ok(suffer(server));
}

TEST(HostileConnection, AnAnswerThatDripsTimesOut) {
  const ScriptedServer server(h2_script([](ScriptedConnection& connection, std::uint32_t stream) {
    connection.trickle(whole_answer(stream), 20ms);  // Half a second each.
  }));
  expect_all(suffer_briefly(server), ErrorClass::kTimeout);
}

TEST(HostileConnection, WhoTakesConnectionsAndNeverAnswersTimesOut) {
  const ScriptedServer server([](ScriptedConnection& connection) { connection.listen(); });
  expect_all(suffer_briefly(server), ErrorClass::kTimeout);
}

TEST(HostileConnection, WhoDoesNotEvenReadTimesOut) {
  const ScriptedServer server([](ScriptedConnection& connection) { connection.wait(10s); });
  const SecondCell total = suffer_briefly(server, upload_load(60'000));
  expect_nothing_but(total, {ErrorClass::kTimeout});
}

// The client cannot say why it leaves, because nobody reads it: it leaves all the same.
TEST(HostileConnection, WhoBreaksTheProtocolAndReadsNothingIsLeft) {
  const ScriptedServer server([](ScriptedConnection& connection) {
    constexpr std::uint32_t kWide = 100'000'000;
    connection.say(h2_setting(4, kWide) +  // INITIAL_WINDOW_SIZE
                   h2_frame(H2Type::kWindowUpdate, 0, 0, h2_number(kWide, 4)));
    connection.wait(200ms);  // Until the socket takes no more.
    connection.say(h2_frame(H2Type::kData, 0, 0, "of no stream"));
    connection.wait(60s);
  });
  LoadSpec load = hostile_load();
  load.requests = upload_load(1'000'000).requests;
  const SecondCell total = suffer(server, load);
  EXPECT_GT(errors(total, ErrorClass::kProtocol), 0U);
  EXPECT_EQ(
      errors(total, ErrorClass::kProtocol) + errors(total, ErrorClass::kTimeout) + total.unsent,
      total.due);
  EXPECT_GE(total.connections_opened, 3U);
  EXPECT_GE(total.connections_lost, 2U);
  EXPECT_LT(to_milliseconds(total.of(Metric::kService).min()), 1000) << "not at the timeout";
}

TEST(HostileConnection, WhoClosesAtOnceGivesClosed) {
  const ScriptedServer server([](ScriptedConnection& /*connection*/) {});
  const SecondCell total = suffer(server);
  expect_nothing_but(total, {ErrorClass::kClosed});
  EXPECT_LT(total.connections_opened, 100U);  // The back-off holds.
}

TEST(HostileConnection, AHalfClosedConnectionIsClosed) {
  const ScriptedServer server([](ScriptedConnection& connection) {
    connection.say(h2_frame(H2Type::kSettings, 0, 0));
    connection.end_sending();
    connection.listen();
  });
  const SecondCell total = suffer(server);
  expect_nothing_but(total, {ErrorClass::kClosed});
  EXPECT_LT(total.connections_opened, 100U);
}

TEST(HostileConnection, AnAnswerCutOffInTheMiddleIsClosed) {
  const ScriptedServer server([](ScriptedConnection& connection) {
    connection.say(h2_frame(H2Type::kSettings, 0, 0));
    H2Frames frames(connection);
    while (const auto frame = frames.next()) {
      if (frame->type != H2Type::kHeaders) continue;
      connection.say(h2_answer(frame->stream, "200", {}, false) +
                     h2_frame(H2Type::kData, 0, frame->stream, "hel").substr(0, 10));
      return;
    }
  });
  expect_nothing_but(suffer(server), {ErrorClass::kClosed});
}

TEST(HostileConnection, OneThatClosesAfterEveryAnswerHasAnswered) {
  const ScriptedServer server([](ScriptedConnection& connection) {
    connection.say(h2_frame(H2Type::kSettings, 0, 0));
    H2Frames frames(connection);
    while (const auto frame = frames.next()) {
      if (frame->type != H2Type::kHeaders) continue;
      connection.say(whole_answer(frame->stream));
      return;
    }
  });
  TargetSpec target = hostile_target(server.port());
  target.streams = 1;
  target.connections = 10;
  const SecondCell total = suffer(target);
  EXPECT_EQ(total.ok + errors(total, ErrorClass::kClosed) + total.unsent, total.due);
  EXPECT_GT(total.ok, total.due / 2);
  EXPECT_GE(total.connections_lost, total.ok);
}

TEST(HostileConnection, AnAnswerOfHttp1OnAnHttp2ConnectionIsAProtocolError) {
  const ScriptedServer server([](ScriptedConnection& connection) {
    connection.hear(1s);
    connection.say(
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 11\r\n\r\n"
        "bad request");
    connection.listen();
  });
  expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
}

TEST(HostileConnection, NoiseIsAProtocolError) {
  const ScriptedServer server([](ScriptedConnection& connection) {
    std::uint32_t state = 20261121;
    std::string noise;
    for (int at = 0; at < 100'000; ++at) {
      state = state * 1664525 + 1013904223;  // Numerical Recipes' generator.
      noise += static_cast<char>(state >> 24);
    }
    connection.hear(1s);
    connection.say(noise);
    connection.listen();
  });
  expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
}

}  // namespace
}  // namespace squall::test
