#include "generators/target/http1_server_session.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::generators {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// Answers at once, unless told to let requests wait.
class Service final : public ServerSession::Handler {
 public:
  void on_request(ServerSession& session, const ReceivedRequest& request) override {
    seen.push_back(std::string(request.method) + " " + std::string(request.path));
    last_body = request.body;
    is_last_body_complete = request.is_body_complete;
    stream = request.stream;
    if (waits) {
      session.wait_at(request.stream, 42);
    } else {
      session.answer(request.stream, status, body);
    }
  }
  void on_abandoned(std::uint64_t place) override { abandoned.push_back(place); }

  bool waits = false;
  int status = 200;
  Bytes body{5};
  std::vector<std::string> seen;
  std::string last_body;
  bool is_last_body_complete = false;
  std::int32_t stream = 0;
  std::vector<std::uint64_t> abandoned;
};

class Http1ServerSessionTest : public testing::Test {
 protected:
  bool say(const std::string& text, std::size_t piece = std::string::npos) {
    bool is_sound = true;
    for (std::size_t at = 0; at < text.size() && is_sound; at += std::min(piece, text.size())) {
      const std::string part = text.substr(at, piece);
      is_sound =
          session->receive({reinterpret_cast<const std::uint8_t*>(part.data()), part.size()});
    }
    return is_sound;
  }
  std::string hear() {
    std::string all;
    for (;;) {
      std::vector<std::uint8_t> some;
      session->pull(some, 65536);
      if (some.empty()) return all;
      EXPECT_LE(some.size(), 65536U + 1024);
      all.append(some.begin(), some.end());
    }
  }

  Service service;
  std::unique_ptr<Http1ServerSession> session = std::make_unique<Http1ServerSession>(service, true);
};

const std::string kGet = "GET /a?b=1 HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(Http1ServerSessionTest, AnswersWithExactlyTheBytesAskedFor) {
  service.body = Bytes{100'000};
  ASSERT_TRUE(say(kGet));
  const std::string answer = hear();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nserver: squall-target\r\n"
                                 "content-length: 100000\r\ncontent-type: text/plain\r\n\r\n"
                                 "squall target: "));
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 100'000U);
  EXPECT_THAT(service.seen, ElementsAre("GET /a?b=1"));
  EXPECT_FALSE(session->is_done());
}

TEST_F(Http1ServerSessionTest, UnderstandsBytesThatComeOneByOne) {
  const std::string post = "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
  ASSERT_TRUE(say(kGet, 1));
  hear();
  ASSERT_TRUE(say(post, 1));
  EXPECT_THAT(service.seen, ElementsAre("GET /a?b=1", "POST /b"));
  EXPECT_EQ(session->body_bytes_received(), 4U);
}

TEST_F(Http1ServerSessionTest, RequestsSentAheadAreAnsweredInTurn) {
  service.waits = true;
  ASSERT_TRUE(say(kGet + "GET /c HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_THAT(service.seen, ElementsAre("GET /a?b=1")) << "the second waits for the first";
  EXPECT_THAT(hear(), IsEmpty());
  const std::int32_t first = service.stream;
  EXPECT_TRUE(session->is_waiting(first));
  EXPECT_TRUE(session->answer(first, 200, Bytes{1}));
  EXPECT_FALSE(session->answer(first, 200, Bytes{1})) << "it has its answer";
  EXPECT_THAT(hear(), HasSubstr("content-length: 1\r\n"));
  EXPECT_EQ(service.seen.size(), 2U);
  EXPECT_FALSE(session->is_waiting(first));
  EXPECT_TRUE(session->answer(service.stream, 200, Bytes{2}));
  EXPECT_THAT(hear(), HasSubstr("content-length: 2\r\n"));
}

TEST_F(Http1ServerSessionTest, WhatIsSentAheadWithoutEndIsTooMuch) {
  service.waits = true;
  ASSERT_TRUE(say(kGet));
  EXPECT_TRUE(say(std::string(60'000, 'x')));
  EXPECT_FALSE(say(std::string(60'000, 'x')));
}

TEST_F(Http1ServerSessionTest, HeadHasTheLengthButNoBody) {
  ASSERT_TRUE(say("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_THAT(hear(), testing::AllOf(HasSubstr("content-length: 5"), EndsWith("\r\n\r\n")));
}

TEST_F(Http1ServerSessionTest, NoContentHasNeitherBodyNorLength) {
  service.status = 204;
  ASSERT_TRUE(say(kGet));
  EXPECT_THAT(hear(), testing::AllOf(StartsWith("HTTP/1.1 204 No Content\r\n"),
                                     Not(HasSubstr("content-length")), EndsWith("\r\n\r\n")));
}

TEST_F(Http1ServerSessionTest, KeepsTheBodiesOfAdminRequestsUpToALimit) {
  const std::string start = " /.squall/behaviour HTTP/1.1\r\nHost: x\r\nContent-Length: ";
  ASSERT_TRUE(say("PUT" + start + "4\r\n\r\nbody"));
  EXPECT_EQ(service.last_body, "body");
  EXPECT_TRUE(service.is_last_body_complete);
  hear();
  ASSERT_TRUE(say("PUT" + start + "100000\r\n\r\n" + std::string(100'000, 'b')));
  EXPECT_FALSE(service.is_last_body_complete);
  hear();
  ASSERT_TRUE(
      say("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
          "4\r\nbody\r\n0\r\n\r\n"));
  EXPECT_THAT(service.last_body, IsEmpty()) << "it is counted and dropped";
  EXPECT_EQ(session->body_bytes_received(), 100'008U);
}

TEST_F(Http1ServerSessionTest, EndsWhenTheClientSaysSo) {
  ASSERT_TRUE(say("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(session->is_done());
  EXPECT_THAT(hear(), HasSubstr("\r\nconnection: close\r\n"));
  EXPECT_TRUE(session->is_done());
  EXPECT_FALSE(session->is_to_be_dropped());
}

TEST_F(Http1ServerSessionTest, Http10EndsUnlessItIsToBeKept) {
  ASSERT_TRUE(say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  EXPECT_THAT(hear(), HasSubstr("\r\nconnection: keep-alive\r\n"));
  EXPECT_FALSE(session->is_done());
  ASSERT_TRUE(say("GET / HTTP/1.0\r\n\r\n"));
  hear();
  EXPECT_TRUE(session->is_done());
}

TEST_F(Http1ServerSessionTest, AsksForABodyThatWaitsToBeAskedFor) {
  ASSERT_TRUE(
      say("PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
          "Content-Length: 4\r\n\r\n"));
  EXPECT_EQ(hear(), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(say("body"));
  EXPECT_THAT(hear(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(Http1ServerSessionTest, AResetEndsTheConnection) {
  service.waits = true;
  ASSERT_TRUE(say(kGet));
  EXPECT_FALSE(session->reset(service.stream + 1));
  EXPECT_TRUE(session->reset(service.stream));
  EXPECT_TRUE(session->is_done());
  EXPECT_TRUE(session->is_to_be_dropped());
  session.reset();
  EXPECT_THAT(service.abandoned, IsEmpty());
}

TEST_F(Http1ServerSessionTest, SaysWhenAClientGivesUp) {
  service.waits = true;
  ASSERT_TRUE(say(kGet));
  session.reset();
  EXPECT_THAT(service.abandoned, ElementsAre(42U));
}

TEST_F(Http1ServerSessionTest, AfterGoAwayItEndsWithTheAnswerUnderWay) {
  service.waits = true;
  ASSERT_TRUE(say(kGet));
  session->go_away();
  EXPECT_FALSE(session->is_done());
  ASSERT_TRUE(session->answer(service.stream, 200, Bytes{5}));
  EXPECT_THAT(hear(), HasSubstr("connection: close"));
  EXPECT_TRUE(session->is_done());
  Http1ServerSession idle(service, true);
  idle.go_away();
  EXPECT_TRUE(idle.is_done());
}

TEST_F(Http1ServerSessionTest, WhatIsNoRequestIsAnswered400AndTheConnectionEnds) {
  for (const std::string text :
       {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "hello\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "GET / HTTP/3.0\r\n\r\n"}) {
    session = std::make_unique<Http1ServerSession>(service, true);
    EXPECT_FALSE(say(text)) << text;
    EXPECT_THAT(hear(), testing::AllOf(StartsWith("HTTP/1.1 400 Bad Request\r\n"),
                                       HasSubstr("connection: close")))
        << text;
    EXPECT_TRUE(session->is_done());
  }
  EXPECT_THAT(service.seen, IsEmpty());
}

TEST_F(Http1ServerSessionTest, AHeaderWithoutEndIsAnswered431) {
  ASSERT_TRUE(say("GET / HTTP/1.1\r\nHost: x\r\nA: "));
  std::size_t said = 0;
  while (said < 1'000'000 && say(std::string(1000, 'a'))) said += 1000;
  EXPECT_LT(said, 70'000U);
  EXPECT_THAT(hear(), StartsWith("HTTP/1.1 431 "));
}

}  // namespace
}  // namespace squall::generators
