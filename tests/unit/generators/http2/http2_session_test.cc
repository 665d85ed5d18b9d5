#include "generators/http2/http2_session.h"

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include "tests/support/h2_server_session.h"

namespace squall::generators {
namespace {

using test::H2ServerSession;
using testing::ElementsAre;

/// Writes down what it hears, per ticket.
class Listener final : public ClientSession::Observer {
 public:
  struct Heard {
    int answers = 0;
    std::vector<int> statuses;
    std::size_t body = 0;
    std::vector<StreamEnd> ends;
  };

  void on_answer(ClientSession::Ticket ticket) override { ++heard[ticket].answers; }
  void on_status(ClientSession::Ticket ticket, int status) override {
    heard[ticket].statuses.push_back(status);
  }
  void on_header(ClientSession::Ticket /*ticket*/, std::string_view name,
                 std::string_view value) override {
    headers[std::string(name)] = value;
  }
  void on_body(ClientSession::Ticket ticket, std::string_view piece) override {
    heard[ticket].body += piece.size();
  }
  void on_end(ClientSession::Ticket ticket, StreamEnd end) override {
    heard[ticket].ends.push_back(end);
  }

  std::map<ClientSession::Ticket, Heard> heard;
  std::map<std::string, std::string> headers;
};

const RenderedRequest kGet{
    {{":method", "GET"}, {":scheme", "http"}, {":authority", "x"}, {":path", "/"}}, {}};

/// A client and a server with nothing between them.
class Http2SessionTest : public testing::Test {
 protected:
  void exchange() {
    for (bool moved = true; moved;) {
      std::string out;
      client_went_on_ = client.take_output(out, 1U << 20U) && client_went_on_;
      moved = !out.empty();
      server.receive(out);
      const std::string back = server.take_output();
      moved = moved || !back.empty();
      if (!back.empty()) client_went_on_ = client.receive(back) && client_went_on_;
    }
  }

  std::vector<StreamEnd> ends(ClientSession::Ticket ticket) { return listener.heard[ticket].ends; }

  Listener listener;
  Http2Session client{listener};
  H2ServerSession server;
  bool client_went_on_ = true;
};

TEST_F(Http2SessionTest, ARequestIsAnsweredWhole) {
  ASSERT_TRUE(client.submit(3, kGet, false));
  EXPECT_EQ(client.open_streams(), 1U);
  exchange();
  EXPECT_THAT(ends(3), ElementsAre(StreamEnd::kWhole));
  EXPECT_THAT(listener.heard[3].statuses, ElementsAre(200));
  EXPECT_EQ(listener.heard[3].answers, 1);
  EXPECT_EQ(listener.heard[3].body, 5U);
  EXPECT_EQ(listener.headers["server"], "test");
  EXPECT_EQ(server.requests.at(1).headers.at(":path"), "/");
  EXPECT_EQ(client.open_streams(), 0U);
  EXPECT_TRUE(client.is_confirmed());
}

TEST_F(Http2SessionTest, ABodyIsSentWholeAlsoWhenItIsLargerThanTheWindow) {
  RenderedRequest post = kGet;
  post.headers[0].value = "POST";
  post.body = std::string(1'000'000, 'b');
  ASSERT_TRUE(client.submit(0, post, true));
  exchange();
  EXPECT_EQ(server.requests.at(1).body, post.body);
  EXPECT_THAT(ends(0), ElementsAre(StreamEnd::kWhole));
}

TEST_F(Http2SessionTest, DownloadsAreNotHeldUpByWindows) {
  server.body_size = 50'000'000;
  ASSERT_TRUE(client.submit(0, kGet, false));
  exchange();
  EXPECT_EQ(listener.heard[0].body, 50'000'000U);
  EXPECT_THAT(ends(0), ElementsAre(StreamEnd::kWhole));
}

TEST(Http2SessionLimits, WithTheLastNumberOfAStreamItIsWornOut) {
  Listener listener;
  Http2Session client(listener, 0x7ffffffd);
  EXPECT_TRUE(client.submit(0, kGet, false));
  EXPECT_FALSE(client.is_worn_out());
  EXPECT_TRUE(client.submit(1, kGet, false));
  EXPECT_TRUE(client.is_worn_out());
  EXPECT_FALSE(client.can_submit());
  H2ServerSession server;
  std::string out;
  client.take_output(out, 1U << 20U);
  server.receive(out);
  EXPECT_TRUE(client.receive(server.take_output()));
  EXPECT_THAT(listener.heard[0].ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_THAT(listener.heard[1].ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_FALSE(client.has_gone_away());
}

TEST(Http2SessionLimits, TheServersLimitOfStreamsHolds) {
  Listener listener;
  Http2Session client(listener);
  H2ServerSession server(2);
  EXPECT_EQ(client.peer_limit(), 100U);
  client.receive(server.take_output());
  EXPECT_EQ(client.peer_limit(), 2U);
  EXPECT_TRUE(client.submit(0, kGet, false));
  EXPECT_TRUE(client.submit(1, kGet, false));
  EXPECT_FALSE(client.can_submit());
  EXPECT_FALSE(client.submit(2, kGet, false));
}

TEST_F(Http2SessionTest, ACancelledRequestIsResetAndNotHeardOfAgain) {
  server.answers = false;
  client.submit(0, kGet, false);
  exchange();
  client.cancel(0);
  client.submit(0, kGet, false);  // The ticket is used again at once.
  exchange();
  EXPECT_TRUE(server.requests.at(1).reset);
  EXPECT_TRUE(ends(0).empty());
  server.answer(3, 200, 1);
  exchange();
  EXPECT_THAT(ends(0), ElementsAre(StreamEnd::kWhole));
  EXPECT_EQ(client.open_streams(), 0U);
}

TEST_F(Http2SessionTest, ARequestCancelledBeforeItWasWrittenIsNotHeardOf) {
  client.submit(0, kGet, false);
  client.cancel(0);
  client.submit(1, kGet, false);
  exchange();
  EXPECT_TRUE(ends(0).empty());
  EXPECT_THAT(ends(1), ElementsAre(StreamEnd::kWhole));
  EXPECT_EQ(client.open_streams(), 0U);
}

TEST_F(Http2SessionTest, AResetByTheServerIsAReset) {
  server.answers = false;
  client.submit(0, kGet, false);
  exchange();
  server.reset(1, NGHTTP2_INTERNAL_ERROR);
  exchange();
  EXPECT_THAT(ends(0), ElementsAre(StreamEnd::kReset));
}

TEST_F(Http2SessionTest, AStreamThatTheServerRefusedIsKnownAsSuch) {
  server.answers = false;
  client.submit(0, kGet, false);
  exchange();
  server.reset(1, NGHTTP2_REFUSED_STREAM);
  exchange();
  EXPECT_THAT(ends(0), ElementsAre(StreamEnd::kRefused));
}

TEST_F(Http2SessionTest, GoawayEndsWhatTheServerDoesNotTake) {
  server.answers = false;
  client.submit(0, kGet, false);
  exchange();
  client.submit(1, kGet, false);
  client.submit(2, kGet, false);
  std::string out;
  client.take_output(out, 1U << 20U);
  server.go_away(1);
  client.receive(server.take_output());
  EXPECT_TRUE(client.has_gone_away());
  EXPECT_FALSE(client.can_submit());
  EXPECT_THAT(ends(1), ElementsAre(StreamEnd::kGoaway));
  EXPECT_THAT(ends(2), ElementsAre(StreamEnd::kGoaway));
  EXPECT_TRUE(ends(0).empty());
  EXPECT_FALSE(client.is_over());
  server.answer(1, 200, 3);
  exchange();
  EXPECT_THAT(ends(0), ElementsAre(StreamEnd::kWhole));
  EXPECT_TRUE(client.is_over());
}

// A server that leaves in good order says first that it takes all, and which later: what has not
// left by then never does.
TEST_F(Http2SessionTest, GoawayEndsWhatHasNotLeftYet) {
  server.answers = false;
  client.submit(0, kGet, false);
  exchange();
  client.submit(1, kGet, false);
  server.go_away(0x7fffffff);
  client.receive(server.take_output());
  exchange();
  EXPECT_THAT(ends(1), ElementsAre(StreamEnd::kGoaway));
  EXPECT_TRUE(ends(0).empty());
  EXPECT_EQ(server.requests.size(), 1U) << "it never came to the server";
}

TEST_F(Http2SessionTest, InterimAnswersComeBeforeTheRealOne) {
  server.answers = false;
  client.submit(0, kGet, false);
  exchange();
  server.interim(1, 103);
  exchange();
  EXPECT_TRUE(ends(0).empty());
  server.answer(1, 204, 0);
  exchange();
  EXPECT_THAT(listener.heard[0].statuses, ElementsAre(103, 204));
  EXPECT_EQ(listener.heard[0].answers, 1);
  EXPECT_THAT(ends(0), ElementsAre(StreamEnd::kWhole));
}

TEST_F(Http2SessionTest, AServerThatSpeaksHttp1IsRefused) {
  client.submit(0, kGet, false);
  std::string out;
  client.take_output(out, 1U << 20U);
  client.receive("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  client.take_output(out, 1U << 20U);
  EXPECT_TRUE(client.is_over() || !client.receive("more"));
  EXPECT_FALSE(client.can_submit());
}

TEST_F(Http2SessionTest, AnAnswerWithoutAStatusIsAProtocolError) {
  server.answers = false;
  client.submit(0, kGet, false);
  exchange();
  // HEADERS, END_STREAM|END_HEADERS, stream 1, with the indexed field ":method: GET" (RFC 7541 §A).
  client.receive(std::string_view("\x00\x00\x01\x01\x05\x00\x00\x00\x01\x82", 10));
  exchange();
  EXPECT_THAT(ends(0), ElementsAre(StreamEnd::kProtocol));
}

TEST_F(Http2SessionTest, NoBytesFromTheServerAreACrash) {
  std::mt19937 random(7);  // NOLINT: the same bytes each time
  for (int round = 0; round < 300; ++round) {
    Listener noise_listener;
    Http2Session session(noise_listener);
    session.submit(0, kGet, false);
    std::string out;
    session.take_output(out, 1U << 20U);
    H2ServerSession honest;
    honest.receive(out);
    std::string bytes = honest.take_output();
    for (int flips = 0; flips < 1 + round % 7; ++flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (!session.receive(bytes)) continue;
    session.take_output(out, 1U << 22U);
    EXPECT_LE(noise_listener.heard[0].ends.size(), 1U);
  }
}

}  // namespace
}  // namespace squall::generators
