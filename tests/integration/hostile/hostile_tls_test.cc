// TLS that is cut off, garbled or missing.
#include "tests/integration/hostile/hostile_fixture.h"

namespace squall::test {
namespace {

class HostileTls : public testing::Test {
 protected:
  void SetUp() override {
    auto made = ScriptedTls::make();
    ASSERT_TRUE(ok(made));
    tls_ = *std::move(made);
  }

  SecondCell suffer_tls(const ScriptedServer& server) {
    return suffer(hostile_target(server.port(), Protocol::kH2));
  }
  SecondCell suffer_tls_briefly(const ScriptedServer& server) {
    return suffer_briefly(hostile_target(server.port(), Protocol::kH2));
  }

  ScriptedTls tls_;
};

// A ServerHello that promises 122 bytes, and gives six (RFC 8446 §4.1.3).
const std::string kTornHello("\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03", 11);
// A record of application data that promises 64 bytes, and gives five (RFC 8446 §5.1).
const std::string kTornRecord("\x17\x03\x03\x00\x40hello", 10);

TEST_F(HostileTls, WhoSpeaksItAndAnswersIsFine) {
  const ScriptedServer server([this](ScriptedConnection& connection) {
    if (!connection.start_tls(tls_.context())) return;
    h2_script([](ScriptedConnection& to, std::uint32_t stream) { to.say(h2_answer(stream)); })(
        connection);
  });
  expect_all_ok(suffer_tls(server));  // The others fail for what they say, not for the set-up.
}

TEST_F(HostileTls, AHandshakeCutOffIsATlsError) {
  const ScriptedServer server([](ScriptedConnection& connection) {
    connection.hear(1s);
    connection.say(kTornHello);
  });
  expect_nothing_but(suffer_tls(server), {ErrorClass::kTls});
}

TEST_F(HostileTls, AHandshakeThatStopsInTheMiddleIsATlsError) {
  const ScriptedServer server([](ScriptedConnection& connection) {
    connection.hear(1s);
    connection.say(kTornHello);
    connection.listen();
  });
  expect_nothing_but(suffer_tls_briefly(server), {ErrorClass::kTls});
}

TEST_F(HostileTls, AHandshakeThatNeverBeginsIsATlsError) {
  const ScriptedServer server([](ScriptedConnection& connection) { connection.listen(); });
  expect_nothing_but(suffer_tls_briefly(server), {ErrorClass::kTls});
}

TEST_F(HostileTls, AnAnswerInClearTextToAHandshakeIsATlsError) {
  const ScriptedServer server([](ScriptedConnection& connection) {
    connection.hear(1s);
    connection.say("HTTP/1.1 400 The plain HTTP request was sent to HTTPS port\r\n\r\n");
  });
  expect_nothing_but(suffer_tls(server), {ErrorClass::kTls});
}

TEST_F(HostileTls, ClosingInsteadOfAHandshakeIsATlsError) {
  const ScriptedServer server([](ScriptedConnection& connection) { connection.hear(1s); });
  expect_nothing_but(suffer_tls(server), {ErrorClass::kTls});
}

TEST_F(HostileTls, ARecordCutOffIsClosed) {
  const ScriptedServer server([this](ScriptedConnection& connection) {
    if (!connection.start_tls(tls_.context())) return;
    connection.say(h2_frame(H2Type::kSettings, 0, 0));
    H2Frames frames(connection);
    while (const auto frame = frames.next()) {
      if (frame->type != H2Type::kHeaders) continue;
      connection.say_raw(kTornRecord);
      return;
    }
  });
  expect_nothing_but(suffer_tls(server), {ErrorClass::kClosed});
}

TEST_F(HostileTls, GarbageAfterTheHandshakeIsClosedOrATlsError) {
  const ScriptedServer server([this](ScriptedConnection& connection) {
    if (!connection.start_tls(tls_.context())) return;
    connection.say_raw("this is no record of TLS at all, nor was it meant to be one");
    connection.listen();
  });
  expect_nothing_but(suffer_tls(server), {ErrorClass::kTls, ErrorClass::kClosed});
}

TEST_F(HostileTls, ARecordThatCannotBeDecryptedIsClosed) {
  const ScriptedServer server([this](ScriptedConnection& connection) {
    if (!connection.start_tls(tls_.context())) return;
    connection.say(h2_frame(H2Type::kSettings, 0, 0));
    H2Frames frames(connection);
    while (const auto frame = frames.next()) {
      if (frame->type != H2Type::kHeaders) continue;
      connection.say_raw(kTornRecord + std::string(59, 'x'));
      connection.listen();
    }
  });
  expect_nothing_but(suffer_tls(server), {ErrorClass::kClosed});
}

TEST_F(HostileTls, SilenceAfterTheHandshakeTimesOut) {
  const ScriptedServer server([this](ScriptedConnection& connection) {
    if (connection.start_tls(tls_.context())) connection.listen();
  });
  expect_all(suffer_tls_briefly(server), ErrorClass::kTimeout);
}

}  // namespace
}  // namespace squall::test
