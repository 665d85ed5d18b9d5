// Streams that are reset, refused, starved or answered wrongly, and servers that keep going away.
#include "tests/integration/hostile/hostile_fixture.h"

namespace squall::test {
namespace {

constexpr std::uint32_t kInternalError = 2;

std::string reset(std::uint32_t stream, std::uint32_t code = kInternalError) {
  return h2_frame(H2Type::kRstStream, 0, stream, h2_number(code, 4));
}

std::string go_away(std::uint32_t last) {
  return h2_frame(H2Type::kGoaway, 0, 0, h2_number(last, 4) + h2_number(0, 4));
}

ScriptedServer::Script says(std::function<std::string(std::uint32_t)> make,
                            std::string greeting = h2_frame(H2Type::kSettings, 0, 0)) {
  return h2_script([make = std::move(make)](ScriptedConnection& connection,
                                            std::uint32_t stream) { connection.say(make(stream)); },
                   std::move(greeting));
}

TEST(HostileStreams, EveryRequestThatIsResetIsAReset) {
  const ScriptedServer server(says([](std::uint32_t stream) { return reset(stream); }));
  const SecondCell total = suffer(server);
  expect_all(total, ErrorClass::kReset);
  EXPECT_EQ(total.connections_opened, 1U);
}

TEST(HostileStreams, AStormOfResetsCountsEachRequestOnce) {
  const ScriptedServer server(says([](std::uint32_t stream) {
    std::string storm;
    for (int n = 0; n < 200; ++n) storm += reset(stream);
    return storm;
  }));
  expect_nothing_but(suffer(server),
                     {ErrorClass::kReset, ErrorClass::kProtocol, ErrorClass::kClosed});
}

TEST(HostileStreams, AResetInTheMiddleOfABodyIsAReset) {
  const ScriptedServer server(says([](std::uint32_t stream) {
    return h2_answer(stream, "200", {}, false) + h2_frame(H2Type::kData, 0, stream, "hel") +
           reset(stream);
  }));
  expect_all(suffer(server), ErrorClass::kReset);
}

TEST(HostileStreams, AResetOfAnIdleStreamBreaksTheProtocol) {
  const ScriptedServer server(says([](std::uint32_t /*stream*/) { return reset(9999); }));
  expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
}

TEST(HostileStreams, AStormOfGoawaysLeavesNothingStuck) {
  const ScriptedServer server(says([](std::uint32_t /*stream*/) {
    std::string storm;
    for (int n = 0; n < 100; ++n) storm += go_away(0);
    return storm;
  }));
  const SecondCell total = suffer(server);
  expect_nothing_but(total, {ErrorClass::kGoaway, ErrorClass::kProtocol, ErrorClass::kClosed});
  EXPECT_GT(errors(total, ErrorClass::kGoaway), 0U);
  EXPECT_LT(total.connections_opened, 100U);
}

TEST(HostileStreams, AGoawayBeforeEverythingElseLeavesNothingStuck) {
  const ScriptedServer server(says([](std::uint32_t) { return std::string(); },
                                   h2_frame(H2Type::kSettings, 0, 0) + go_away(0)));
  const SecondCell total = suffer_briefly(server);
  EXPECT_EQ(total.ok, 0U);
  EXPECT_EQ(total.all_errors() + total.unsent, total.due);
  EXPECT_LT(total.connections_opened, 100U);
}

TEST(HostileStreams, AGoawayAfterEachAnswerCostsConnectionsAndNoAnswers) {
  const ScriptedServer server(
      says([](std::uint32_t stream) { return h2_answer(stream) + go_away(stream); }));
  TargetSpec target = hostile_target(server.port());
  target.connections = 4;
  const SecondCell total = suffer(target);
  EXPECT_EQ(total.ok + errors(total, ErrorClass::kGoaway) + errors(total, ErrorClass::kClosed) +
                total.unsent,
            total.due);
  EXPECT_GT(total.ok, total.due * 8 / 10);
}

TEST(HostileStreams, UploadsIntoAWindowOfNothingTimeOut) {
  const ScriptedServer server(says([](std::uint32_t stream) { return h2_answer(stream); },
                                   h2_setting(4, 0)));  // INITIAL_WINDOW_SIZE
  expect_all(suffer_briefly(server, upload_load(1000)), ErrorClass::kTimeout);
}

TEST(HostileStreams, UploadsIntoAConnectionsWindowThatIsNeverToppedUpTimeOut) {
  const ScriptedServer server(says([](std::uint32_t stream) { return h2_answer(stream); }));
  const SecondCell total = suffer_briefly(server, upload_load(10'000));
  EXPECT_EQ(total.ok, 6U);  // 65,535 bytes (RFC 9113 §6.9.2).
  EXPECT_EQ(errors(total, ErrorClass::kTimeout), total.due - 6);
}

TEST(HostileStreams, WhereNoStreamIsAllowedNothingIsSent) {
  const ScriptedServer server(says([](std::uint32_t stream) { return h2_answer(stream); },
                                   h2_setting(3, 0)));  // MAX_CONCURRENT_STREAMS
  const SecondCell total = suffer_briefly(server);
  EXPECT_EQ(total.unsent, total.due);
}

TEST(HostileStreams, ABodyOfAnotherLengthThanPromisedIsAProtocolError) {
  for (const char* const length : {"4", "6", "no", "-5", "99999999999999999999"}) {
    const ScriptedServer server(says([length](std::uint32_t stream) {
      return h2_answer(stream, "200", hpack_field("content-length", length), false) +
             h2_frame(H2Type::kData, kEndStream, stream, "hello");  // RFC 9113 §8.1.1
    }));
    expect_all(suffer(server), ErrorClass::kProtocol);
  }
}

TEST(HostileStreams, ABodyBeforeItsHeadersIsAProtocolError) {
  const ScriptedServer server(says(
      [](std::uint32_t stream) { return h2_frame(H2Type::kData, kEndStream, stream, "hello"); }));
  expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
}

TEST(HostileStreams, WhatIsSaidAfterTheEndSpoilsNoAnswer) {
  const ScriptedServer server(says([](std::uint32_t stream) {
    return h2_answer(stream) + h2_frame(H2Type::kWindowUpdate, 0, stream, h2_number(1, 4));
  }));
  expect_all_ok(suffer(server));
}

TEST(HostileStreams, EmptyDataWithoutEndTimesOutAndDoesNotHang) {
  const ScriptedServer server(h2_script([](ScriptedConnection& connection, std::uint32_t stream) {
    connection.say(h2_answer(stream, "200", {}, false));
    std::string many;
    for (int n = 0; n < 100; ++n) many += h2_frame(H2Type::kData, 0, stream);
    while (connection.say(many)) {
    }
  }));
  expect_nothing_but(suffer_briefly(server), {ErrorClass::kTimeout, ErrorClass::kProtocol});
}

}  // namespace
}  // namespace squall::test
