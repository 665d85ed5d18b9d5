// Servers that speak HTTP/1.1 wrongly (RFC 9112), or not at all.
#include "tests/integration/hostile/hostile_fixture.h"

namespace squall::test {
namespace {

const std::string kWhole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const std::string kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Does `act` for each request that has come, which says whether the connection stays.
ScriptedServer::Script on_request(std::function<bool(ScriptedConnection&)> act) {
  return [act = std::move(act)](ScriptedConnection& connection) {
    std::string heard;
    while (!connection.is_over()) {
      heard += connection.hear();
      const std::size_t end = heard.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      heard.erase(0, end + 4);  // Requests without a body: the next one begins here.
      if (!act(connection)) return;
    }
  };
}

/// Answers with these bytes, and stays.
ScriptedServer::Script says(std::string bytes) {
  return on_request(
      [bytes = std::move(bytes)](ScriptedConnection& connection) { return connection.say(bytes); });
}

/// Answers with these bytes, and closes.
ScriptedServer::Script says_and_closes(std::string bytes) {
  return on_request([bytes = std::move(bytes)](ScriptedConnection& connection) {
    connection.say(bytes);
    return false;
  });
}

/// Says `first`, and then the same for ever.
ScriptedServer::Script says_endlessly(std::string first, std::string more) {
  return on_request(
      [first = std::move(first), more = std::move(more)](ScriptedConnection& connection) {
        connection.say(first);
        while (connection.say(more)) {
        }
        return false;
      });
}

/// With so many connections that one which is lost holds up no other.
TargetSpec http1_target(const ScriptedServer& server) {
  TargetSpec target = hostile_target(server.port(), Protocol::kH1);
  target.connections = 20;
  target.streams = 1;
  return target;
}

SecondCell suffer_http1(const ScriptedServer& server) { return suffer(http1_target(server)); }

SecondCell suffer_http1_briefly(const ScriptedServer& server) {
  return suffer_briefly(http1_target(server));
}

void expect_each_is_a_protocol_error(const std::vector<std::string>& answers) {
  for (const std::string& answer : answers) {
    SCOPED_TRACE(answer);
    const ScriptedServer server(says(answer));
    expect_nothing_but(suffer_http1(server), {ErrorClass::kProtocol});
  }
}

TEST(HostileHttp1, AnAnswerInSingleBytesIsAsGoodAsAnyOther) {
  for (const std::string& answer : {kWhole, kChunked + "5;a=b\r\nhello\r\n0\r\nx: y\r\n\r\n"}) {
    const ScriptedServer server(on_request([&answer](ScriptedConnection& connection) {
      return connection.trickle(answer, Duration::zero());
    }));
    expect_all_ok(suffer_http1(server));
  }
}

TEST(HostileHttp1, AnAnswerThatDripsTimesOut) {
  const ScriptedServer server(
      on_request([](ScriptedConnection& connection) { return connection.trickle(kWhole, 20ms); }));
  expect_nothing_but(suffer_http1_briefly(server), {ErrorClass::kTimeout});
}

TEST(HostileHttp1, SilenceTimesOut) {
  const ScriptedServer server([](ScriptedConnection& connection) { connection.listen(); });
  expect_nothing_but(suffer_http1_briefly(server), {ErrorClass::kTimeout});
}

TEST(HostileHttp1, ChunksThatAreNoneAreProtocolErrors) {
  expect_each_is_a_protocol_error({
      kChunked + "zz\r\nhello\r\n0\r\n\r\n",
      kChunked + "-5\r\nhello\r\n0\r\n\r\n",
      kChunked + "\r\nhello\r\n0\r\n\r\n",
      kChunked + "5\r\nhello, there\r\n0\r\n\r\n",
      kChunked + "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
  });
}

TEST(HostileHttp1, LengthsThatContradictEachOtherAreProtocolErrors) {
  expect_each_is_a_protocol_error({
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
      "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello!",
      "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
  });
}

TEST(HostileHttp1, StatusLinesThatAreNoneAreProtocolErrors) {
  expect_each_is_a_protocol_error({
      "HELLO\r\n\r\n",
      "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n",
      h2_frame(H2Type::kSettings, 0, 0) + std::string(100, '\0'),
  });
}

TEST(HostileHttp1, HeaderLinesThatAreNoneAreProtocolErrors) {
  expect_each_is_a_protocol_error({
      "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",  // RFC 9112 §5.1
      "HTTP/1.1 200 OK\r\n: no name\r\nContent-Length: 0\r\n\r\n",
  });
}

TEST(HostileHttp1, AHeaderLineWithoutEndIsAProtocolError) {
  const ScriptedServer server(
      says_endlessly("HTTP/1.1 200 OK\r\nlarge: ", std::string(16'000, 'x')));
  expect_nothing_but(suffer_http1(server), {ErrorClass::kProtocol});
}

TEST(HostileHttp1, HeadersWithoutEndAreAProtocolError) {
  const ScriptedServer server(says_endlessly("HTTP/1.1 200 OK\r\n", "more: and more\r\n"));
  expect_nothing_but(suffer_http1_briefly(server), {ErrorClass::kProtocol, ErrorClass::kTimeout});
}

TEST(HostileHttp1, AChunksExtensionWithoutEndIsAnError) {
  const ScriptedServer server(says_endlessly(kChunked + "5;", std::string(16'000, 'x')));
  expect_nothing_but(suffer_http1_briefly(server), {ErrorClass::kProtocol, ErrorClass::kTimeout});
}

TEST(HostileHttp1, ABodyWithoutEndTimesOut) {
  const ScriptedServer server(says_endlessly(kChunked, "5\r\nhello\r\n"));
  TargetSpec target = http1_target(server);
  target.connections = 4;  // All say as much as is read: a hundred are too much under sanitizers.
  expect_nothing_but(suffer_briefly(target), {ErrorClass::kTimeout});
}

TEST(HostileHttp1, AnAnswerCutOffAnywhereIsClosed) {
  for (const std::string& part : {std::string("HTTP/1"), std::string("HTTP/1.1 200 OK\r\nContent-"),
                                  std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"),
                                  kChunked, kChunked + "5\r\nhel", kChunked + "5\r\nhello\r\n"}) {
    SCOPED_TRACE(part);
    const ScriptedServer server(says_and_closes(part));
    expect_nothing_but(suffer_http1(server), {ErrorClass::kClosed});
  }
}

TEST(HostileHttp1, WhoClosesAtOnceGivesClosed) {
  const ScriptedServer server([](ScriptedConnection& /*connection*/) {});
  expect_nothing_but(suffer_http1(server), {ErrorClass::kClosed});
}

TEST(HostileHttp1, ABodyThatLastsUntilTheEndIsWholeThen) {
  const ScriptedServer server(says_and_closes("HTTP/1.1 200 OK\r\n\r\nhello"));
  expect_all_ok(suffer_http1(server));  // RFC 9112 §6.3
}

TEST(HostileHttp1, OneThatClosesAfterEveryAnswerAndSaysSoLosesNothing) {
  const ScriptedServer server(
      says_and_closes("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"));
  expect_all_ok(suffer_http1(server));
}

TEST(HostileHttp1, OneThatClosesAfterEveryAnswerAndSaysNothingHasAnswered) {
  const ScriptedServer server(says_and_closes(kWhole));
  const SecondCell total = suffer_http1(server);
  EXPECT_EQ(total.ok + errors(total, ErrorClass::kClosed) + total.unsent, total.due);
  EXPECT_GT(total.ok, total.due / 2);
}

TEST(HostileHttp1, AnAnswerToNothingIsNobodysAnswer) {
  const ScriptedServer server([](ScriptedConnection& connection) {
    connection.say("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    connection.listen();  // What was sent just before that came has its answer, and no other has.
  });
  const SecondCell total = suffer_http1_briefly(server);
  EXPECT_EQ(total.ok, 0U);
  EXPECT_EQ(total.all_errors() + total.unsent, total.due);
}

TEST(HostileHttp1, ASecondAnswerToOneRequestIsNotTheNextOnes) {
  const ScriptedServer server(
      says(kWhole + "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"));
  const SecondCell total = suffer_http1(server);
  EXPECT_FALSE(total.status.contains(500));
  EXPECT_GT(total.ok, 0U);
}

TEST(HostileHttp1, ARedirectIsAnAnswerAndNotFollowed) {
  const ScriptedServer server(says(
      "HTTP/1.1 302 Found\r\nLocation: http://nowhere.invalid:1/\r\nContent-Length: 0\r\n\r\n"));
  expect_all_ok(suffer_http1(server), 302);
}

TEST(HostileHttp1, AThousandInterimAnswersComeBeforeOneThatCounts) {
  std::string answers;
  for (int n = 0; n < 1000; ++n) answers += "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const ScriptedServer server(says(answers + kWhole));
  expect_all_ok(suffer_http1(server));
}

TEST(HostileHttp1, InterimAnswersAloneTimeOut) {
  const ScriptedServer server(says("HTTP/1.1 100 Continue\r\n\r\n"));
  expect_nothing_but(suffer_http1_briefly(server), {ErrorClass::kTimeout});
}

}  // namespace
}  // namespace squall::test
