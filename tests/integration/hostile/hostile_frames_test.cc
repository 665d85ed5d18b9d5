// Frames that flood, or that must not come at all (RFC 9113 §6, §10.5).
#include "tests/integration/hostile/hostile_fixture.h"

namespace squall::test {
namespace {

const std::string kSettings = h2_frame(H2Type::kSettings, 0, 0);

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t n = 0; n < times; ++n) all += text;
  return all;
}

/// Greets, takes the first request, and then says the same over and over, without listening.
ScriptedServer::Script flood(std::string with) {
  return [with = std::move(with)](ScriptedConnection& connection) {
    connection.say(kSettings);
    connection.hear(1s);
    const std::string many = repeated(with, 1000);
    while (connection.say(many)) {
    }
  };
}

/// Does something once, as the first request comes, and only listens from then on.
ScriptedServer::Script once(std::string bytes) {
  return [bytes = std::move(bytes)](ScriptedConnection& connection) {
    connection.say(kSettings);
    H2Frames frames(connection);
    bool said = false;
    while (const auto frame = frames.next()) {
      if (frame->type != H2Type::kHeaders || std::exchange(said, true)) continue;
      connection.say(bytes);
    }
  };
}

/// Says `before` ahead of each answer, which then is a right one.
ScriptedServer::Script before_each_answer(std::string before) {
  return h2_script(
      [before = std::move(before)](ScriptedConnection& connection, std::uint32_t stream) {
        connection.say(before + h2_answer(stream));
      });
}

TEST(HostileFrames, SettingsWithoutEndBreakTheProtocol) {
  const ScriptedServer server(flood(kSettings));
  expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
}

TEST(HostileFrames, PingsWithoutEndBreakTheProtocol) {
  const ScriptedServer server(flood(h2_frame(H2Type::kPing, 0, 0, "12345678")));
  expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
}

TEST(HostileFrames, ManySettingsAndPingsDoNotSpoilAnAnswer) {
  const ScriptedServer server(before_each_answer(
      repeated(kSettings, 50) + repeated(h2_frame(H2Type::kPing, 0, 0, "12345678"), 50)));
  expect_all_ok(suffer(server));
}

TEST(HostileFrames, UnknownFramesArePassedOver) {
  // RFC 9113 §5.5: types that nobody knows are ignored.
  const ScriptedServer server(
      before_each_answer(h2_frame(static_cast<H2Type>(0xbe), 0xff, 0, "whatever")));
  expect_all_ok(suffer(server));
}

TEST(HostileFrames, AWindowThatOverflowsBreaksTheProtocol) {
  const std::string update =
      h2_frame(H2Type::kWindowUpdate, 0, 0, h2_number(0x7fffffff, 4));  // RFC 9113 §6.9.1
  const ScriptedServer server(once(update + update));
  expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
}

TEST(HostileFrames, AStreamsWindowThatOverflowsIsAProtocolErrorOfThatRequest) {
  const ScriptedServer server(h2_script([](ScriptedConnection& connection, std::uint32_t stream) {
    const std::string update = h2_frame(H2Type::kWindowUpdate, 0, stream, h2_number(0x7fffffff, 4));
    connection.say(update + update);
  }));
  expect_all(suffer(server), ErrorClass::kProtocol);
}

TEST(HostileFrames, AWindowUpdateOfNothingBreaksTheProtocol) {
  const ScriptedServer server(once(h2_frame(H2Type::kWindowUpdate, 0, 0, h2_number(0, 4))));
  expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
}

TEST(HostileFrames, DataOnAnIdleStreamBreaksTheProtocol) {
  const ScriptedServer server(once(h2_frame(H2Type::kData, 0, 9999, "nobody asked")));
  expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
}

TEST(HostileFrames, APushPromiseThoughDisabledBreaksTheProtocol) {
  const ScriptedServer server(h2_script([](ScriptedConnection& connection, std::uint32_t stream) {
    connection.say(h2_frame(H2Type::kPushPromise, kEndHeaders, stream,
                            h2_number(2, 4) + hpack_field(":method", "GET")));
  }));
  expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
}

TEST(HostileFrames, AFrameThatIsTooLargeBreaksTheProtocol) {
  const ScriptedServer server(
      once(h2_frame(H2Type::kData, 0, 1, std::string(16'385, 'x'))));  // RFC 9113 §4.2
  expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
}

TEST(HostileFrames, AServerThatDoesNotBeginWithSettingsBreaksTheProtocol) {
  const ScriptedServer server([](ScriptedConnection& connection) {
    connection.hear(1s);
    connection.say(h2_answer(1));  // RFC 9113 §3.4
    connection.listen();
  });
  expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
}

TEST(HostileFrames, SettingsThatMayNotBeBreakTheProtocol) {
  for (const std::string& wrong :
       {h2_setting(2, 2), h2_setting(4, 0x80000000), h2_setting(5, 100),
        h2_frame(H2Type::kSettings, 0, 0, "12345"), h2_frame(H2Type::kSettings, 0, 3)}) {
    const ScriptedServer server(once(wrong));  // RFC 9113 §6.5, §6.5.2
    expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
  }
}

}  // namespace
}  // namespace squall::test
