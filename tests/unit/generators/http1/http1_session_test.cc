#include "generators/http1/http1_session.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/generators/http1/exchange.h"

namespace squall::generators {
namespace {

using test::Exchange;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

const std::string kOk = "HTTP/1.1 200 OK\r\nServer: test\r\nContent-Length: 5\r\n\r\nhello";

TEST(Http1Session, WritesARequestInOriginFormWithItsHost) {
  Exchange exchange;
  EXPECT_EQ(exchange.get(),
            "GET /index.html?n=1 HTTP/1.1\r\nhost: edge.example:8080\r\n"
            "user-agent: squall\r\n\r\n");
  EXPECT_EQ(exchange.session.open_streams(), 1U);
}

TEST(Http1Session, WritesABodyAfterItsLength) {
  RenderedRequest post = Exchange::request_of("POST");
  post.headers.push_back({"content-length", "4"});
  post.body = "body";
  Exchange exchange;
  EXPECT_THAT(exchange.send(post, true), testing::EndsWith("content-length: 4\r\n\r\nbody"));
}

TEST(Http1Session, SaysTheLengthOfABodyWhereNobodyElseDid) {
  RenderedRequest post = Exchange::request_of("POST");
  Exchange without;
  EXPECT_THAT(without.send(post), HasSubstr("\r\ncontent-length: 0\r\n\r\n"));
  Exchange get;
  EXPECT_THAT(get.get(), Not(HasSubstr("content-length")));
  post.body = "body";
  Exchange with;
  EXPECT_THAT(with.send(post, true), HasSubstr("\r\ncontent-length: 4\r\n\r\nbody"));
}

TEST(Http1Session, GivesALongBodyInPiecesAsItIsAsked) {
  RenderedRequest post = Exchange::request_of("POST");
  post.body.assign(1'000'000, 'b');
  post.headers.push_back({"content-length", "1000000"});
  Exchange exchange;
  ASSERT_TRUE(exchange.session.submit(7, post, true));
  std::string whole;
  for (int pieces = 0;; ++pieces) {
    std::string out;
    ASSERT_TRUE(exchange.session.take_output(out, 65536));
    EXPECT_LE(out.size(), 65536U);
    if (out.empty()) {
      EXPECT_EQ(pieces, 16);
      break;
    }
    whole += out;
  }
  EXPECT_TRUE(whole.ends_with("\r\n\r\n" + post.body));
}

TEST(Http1Session, ARequestIsAnsweredWhole) {
  Exchange exchange;
  exchange.get();
  EXPECT_FALSE(exchange.session.is_confirmed());
  ASSERT_TRUE(exchange.hear(kOk));
  EXPECT_EQ(exchange.answers, 1);
  EXPECT_THAT(exchange.statuses, ElementsAre(200));
  EXPECT_THAT(exchange.headers, ElementsAre(Pair("server", "test"), Pair("content-length", "5")));
  EXPECT_EQ(exchange.body, "hello");
  EXPECT_THAT(exchange.ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_EQ(exchange.last_ticket, 7U);
  EXPECT_TRUE(exchange.session.is_confirmed());
  EXPECT_FALSE(exchange.session.has_gone_away());
  EXPECT_FALSE(exchange.session.is_over());
}

TEST(Http1Session, HasOneRequestAtATime) {
  Exchange exchange;
  EXPECT_TRUE(exchange.session.can_submit());
  exchange.get();
  EXPECT_FALSE(exchange.session.can_submit());
  EXPECT_FALSE(exchange.session.submit(8, Exchange::request_of("GET"), false));
  ASSERT_TRUE(exchange.hear(kOk));
  EXPECT_TRUE(exchange.session.can_submit());
  EXPECT_EQ(exchange.session.open_streams(), 0U);
}

TEST(Http1Session, TakesManyRequestsOneAfterTheOther) {
  Exchange exchange;
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(exchange.get().empty());
    ASSERT_TRUE(exchange.hear(kOk));
  }
  EXPECT_EQ(exchange.ends.size(), 100U);
  EXPECT_EQ(exchange.body.size(), 500U);
}

TEST(Http1Session, TheNextRequestMayBeSubmittedFromTheEndOfTheLast) {
  const RenderedRequest second = Exchange::request_of("DELETE");
  Exchange exchange;
  exchange.get();
  exchange.next = &second;
  ASSERT_TRUE(exchange.hear(kOk));
  EXPECT_TRUE(exchange.submitted);
  std::string out;
  exchange.session.take_output(out, 65536);
  EXPECT_TRUE(out.starts_with("DELETE /"));
  ASSERT_TRUE(exchange.hear(kOk));
  EXPECT_EQ(exchange.last_ticket, 8U);
}

TEST(Http1Session, InterimAnswersComeBeforeTheLastOne) {
  Exchange exchange;
  exchange.get();
  ASSERT_TRUE(
      exchange.hear("HTTP/1.1 100 Continue\r\n\r\n"
                    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
                    kOk));
  EXPECT_EQ(exchange.answers, 1);
  EXPECT_THAT(exchange.statuses, ElementsAre(100, 103, 200));
  EXPECT_THAT(exchange.ends, ElementsAre(StreamEnd::kWhole));
}

TEST(Http1Session, EndlessInterimAnswersAreRefused) {
  Exchange exchange;
  exchange.get();
  std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  std::size_t heard = 0;
  while (exchange.hear(interim)) {
    heard += interim.size();
    ASSERT_LE(heard, Http1Session::kMostHeaderBytes);
  }
  EXPECT_GT(heard, Http1Session::kMostHeaderBytes - 2 * interim.size());
}

TEST(Http1Session, AnswersWithoutABodyEndWithTheirHeader) {
  for (const std::string start :
       {"HTTP/1.1 204 No Content\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n"}) {
    Exchange exchange;
    exchange.get();
    ASSERT_TRUE(exchange.hear(start + "\r\n"));
    EXPECT_THAT(exchange.ends, ElementsAre(StreamEnd::kWhole)) << start;
    EXPECT_TRUE(exchange.session.can_submit());
  }
}

TEST(Http1Session, AnAnswerToHeadHasNoBodyWhateverItsLength) {
  Exchange exchange;
  exchange.get("HEAD");
  ASSERT_TRUE(exchange.hear("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"));
  EXPECT_THAT(exchange.ends, ElementsAre(StreamEnd::kWhole));
  exchange.get("HEAD");
  ASSERT_TRUE(
      exchange.hear("HTTP/1.1 100 Continue\r\n\r\n"
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  EXPECT_EQ(exchange.ends.size(), 2U);
  exchange.get();
  ASSERT_TRUE(exchange.hear(kOk)) << "and the next has one again";
  EXPECT_EQ(exchange.body, "hello");
}

TEST(Http1Session, AnAnswerWithConnectionCloseIsTheLast) {
  Exchange exchange;
  exchange.get();
  ASSERT_TRUE(exchange.hear("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"));
  EXPECT_THAT(exchange.ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_TRUE(exchange.session.has_gone_away());
  EXPECT_TRUE(exchange.session.is_over());
  EXPECT_FALSE(exchange.session.can_submit());
}

TEST(Http1Session, AnAnswerOfHttp10IsTheLastUnlessItKeepsAlive) {
  Exchange last;
  last.get();
  ASSERT_TRUE(last.hear("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  EXPECT_TRUE(last.session.has_gone_away());
  Exchange kept;
  kept.get();
  ASSERT_TRUE(
      kept.hear("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok"));
  EXPECT_FALSE(kept.session.has_gone_away());
  EXPECT_TRUE(kept.session.can_submit());
}

TEST(Http1Session, AnAnswerMayLastUntilTheConnectionCloses) {
  Exchange exchange;
  exchange.get();
  ASSERT_TRUE(exchange.hear("HTTP/1.1 200 OK\r\n\r\nall that"));
  ASSERT_TRUE(exchange.hear(" there is"));
  EXPECT_THAT(exchange.ends, IsEmpty());
  exchange.session.receive_end();
  EXPECT_EQ(exchange.body, "all that there is");
  EXPECT_THAT(exchange.ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_TRUE(exchange.session.has_gone_away());
  EXPECT_TRUE(exchange.session.is_over());
}

TEST(Http1Session, AnAnswerThatIsCutOffDoesNotEnd) {
  for (const std::string cut :
       {"", "HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"}) {
    Exchange exchange;
    exchange.get();
    ASSERT_TRUE(exchange.hear(cut));
    exchange.session.receive_end();
    EXPECT_THAT(exchange.ends, IsEmpty()) << cut;
    EXPECT_FALSE(exchange.session.has_gone_away()) << "not in good order";
    EXPECT_TRUE(exchange.session.is_over());
  }
}

TEST(Http1Session, AServerMayCloseAnIdleConnectionInGoodOrder) {
  Exchange exchange;
  exchange.get();
  ASSERT_TRUE(exchange.hear(kOk));
  exchange.session.receive_end();
  EXPECT_TRUE(exchange.session.has_gone_away());
  EXPECT_FALSE(exchange.session.can_submit());
}

TEST(Http1Session, AnAnswerAheadOfTheWholeRequestIsTheLast) {
  RenderedRequest post = Exchange::request_of("POST");
  post.body.assign(1'000'000, 'b');
  Exchange exchange;
  ASSERT_TRUE(exchange.session.submit(7, post, true));
  std::string out;
  ASSERT_TRUE(exchange.session.take_output(out, 65536));
  ASSERT_TRUE(exchange.hear("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_THAT(exchange.statuses, ElementsAre(413));
  EXPECT_THAT(exchange.ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_TRUE(exchange.session.has_gone_away());
  out.clear();
  exchange.session.take_output(out, 65536);
  EXPECT_THAT(out, IsEmpty());
}

TEST(Http1Session, CancellingEndsTheConnectionAndNothingMoreIsHeard) {
  Exchange exchange;
  exchange.get();
  ASSERT_TRUE(exchange.hear("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"));
  exchange.session.cancel(8);
  EXPECT_FALSE(exchange.session.is_over()) << "that was another";
  exchange.session.cancel(7);
  EXPECT_TRUE(exchange.session.is_over());
  EXPECT_FALSE(exchange.session.can_submit());
  exchange.session.receive("llo");
  EXPECT_EQ(exchange.body, "he");
  EXPECT_THAT(exchange.ends, IsEmpty());
}

TEST(Http1Session, ARequestMayBeCancelledWhileItsAnswerIsHeard) {
  Exchange exchange;
  exchange.get();
  exchange.cancels_at_header = true;
  exchange.hear(kOk);
  EXPECT_EQ(exchange.headers.size(), 1U);
  EXPECT_THAT(exchange.body, IsEmpty());
  EXPECT_THAT(exchange.ends, IsEmpty());
  EXPECT_TRUE(exchange.session.is_over());
}

TEST(Http1Session, BytesThatNobodyAskedForAreRefused) {
  Exchange fresh;
  EXPECT_FALSE(fresh.hear(kOk));
  Exchange answered;
  answered.get();
  EXPECT_FALSE(answered.hear(kOk + "H"));
  EXPECT_THAT(answered.ends, ElementsAre(StreamEnd::kWhole)) << "the first answer counts";
  EXPECT_TRUE(answered.session.is_over());
  Exchange later;
  later.get();
  ASSERT_TRUE(later.hear(kOk));
  EXPECT_FALSE(later.hear("HTTP/1.1 408 Request Timeout\r\n\r\n"));
  EXPECT_EQ(later.statuses.size(), 1U);
}

TEST(Http1Session, AnAnswerAheadOfItsRequestIsNotTakenForOne) {
  Exchange exchange;
  ASSERT_TRUE(exchange.session.submit(7, Exchange::request_of("GET"), false));
  EXPECT_FALSE(exchange.hear(kOk));
  EXPECT_THAT(exchange.ends, IsEmpty());
}

TEST(Http1Session, ARequestThatWouldBeTwoIsNotSent) {
  using namespace std::string_literals;
  for (const HeaderField& bad : std::initializer_list<HeaderField>{{"x", "a\r\nGET /evil HTTP/1.1"},
                                                                   {"x", "a\nb"},
                                                                   {"x", "a\0b"s},
                                                                   {"x\r\ny", "a"},
                                                                   {"x:y", "a"},
                                                                   {"x y", "a"},
                                                                   {"", "a"}}) {
    RenderedRequest request = Exchange::request_of("GET");
    request.headers.push_back(bad);
    Exchange exchange;
    EXPECT_THAT(exchange.send(request), IsEmpty()) << bad.name << ": " << bad.value;
    EXPECT_FALSE(exchange.submitted);
  }
  for (const std::string path : {"", "/a b", "/ HTTP/1.1\r\nx: y"}) {
    RenderedRequest request = Exchange::request_of("GET");
    request.headers[3].value = path;
    Exchange exchange;
    EXPECT_THAT(exchange.send(request), IsEmpty()) << path;
  }
  RenderedRequest tab = Exchange::request_of("GET");
  tab.headers.push_back({"x", "a\tb \xc3\xa4"});
  Exchange exchange;
  EXPECT_THAT(exchange.send(tab), HasSubstr("x: a\tb \xc3\xa4\r\n"));
}

}  // namespace
}  // namespace squall::generators
