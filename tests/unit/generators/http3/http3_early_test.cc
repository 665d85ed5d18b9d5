// Early data (0-RTT): requests ahead of the handshake's end.
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/quic_pair.h"

namespace squall::generators {
namespace {

using test::h3_post;
using test::kH3Get;
using test::QuicPair;
using test::QuicServerPeer;
using testing::ElementsAre;
using testing::IsEmpty;
namespace h3 = test::h3;

constexpr std::int64_t kFirst = 0;  // The streams of the first requests.
constexpr std::int64_t kSecond = 4;
// HEADERS with `:status: 425`, of QPACK's static table.
const std::string kTooEarly("\x01\x04\x00\x00\xff\x07", 6);

/// A server that gave tickets for early data to an earlier connection.
class Http3EarlyData : public testing::Test {
 protected:
  void SetUp() override {
    server.ticket_key = QuicServerPeer::make_ticket_key();
    server.early = true;
    tls.resume_sessions = tls.early_data = true;
    QuicPair before = pair();
    before.begin();
    ASSERT_TRUE(before.client->is_established());
    EXPECT_FALSE(before.client->is_early()) << "there was no ticket yet";
  }

  QuicPair pair() { return QuicPair(server, tls, "localhost", tickets); }

  /// The next connection's first flight, after which requests may be submitted.
  void begin(QuicPair& pair) {
    const auto hello = pair.take_from_client();
    ASSERT_TRUE(pair.client->is_early());
    EXPECT_FALSE(pair.client->is_established());
    EXPECT_TRUE(pair.client->can_submit());
    for (const std::string& datagram : hello) pair.server.receive(datagram, pair.now);
  }

  /// Delivers what the client has, and nothing of what the server answers.
  static void deliver(QuicPair& pair) {
    for (const std::string& datagram : pair.take_from_client()) {
      pair.server.receive(datagram, pair.now);
    }
  }

  static void answer(QuicPair& pair, std::int64_t stream) {
    pair.server.write(stream, h3::kHeaders + h3::kHello, true);
    pair.exchange();
  }

  QuicServerPeer::Options server;
  TlsSpec tls = QuicPair::unverified();
  std::shared_ptr<QuicTickets> tickets = std::make_shared<QuicTickets>();
};

TEST_F(Http3EarlyData, ARequestArrivesBeforeTheHandshakeIsDone) {
  QuicPair next = pair();
  begin(next);
  ASSERT_TRUE(next.client->submit(3, kH3Get, false));
  deliver(next);
  EXPECT_FALSE(next.client->is_established());
  EXPECT_TRUE(next.server.ended[kFirst]);
  next.begin();
  EXPECT_TRUE(next.client->is_resumed());
  EXPECT_TRUE(next.server.has_taken_early_data());
  answer(next, kFirst);
  const auto& heard = next.listener.heard[3];
  EXPECT_EQ(heard.answers, 1);
  EXPECT_THAT(heard.statuses, ElementsAre(200));
  EXPECT_EQ(heard.body, "hello");
  EXPECT_THAT(heard.ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_EQ(next.client->early_data(), (EarlyData{1, 1, 0, 0}));
  EXPECT_TRUE(next.went_on);
}

TEST_F(Http3EarlyData, WhatIsNotSafeWaitsForTheHandshake) {
  QuicPair next = pair();
  begin(next);
  const RenderedRequest post = h3_post(100);
  RenderedRequest gone = kH3Get;
  gone.headers[0].value = "DELETE";
  ASSERT_TRUE(next.client->submit(0, post, true));
  ASSERT_TRUE(next.client->submit(1, gone, false));
  ASSERT_TRUE(next.client->submit(2, kH3Get, false));
  EXPECT_EQ(next.client->open_streams(), 3U);
  deliver(next);
  EXPECT_TRUE(next.server.ended[kFirst]) << "the one that is safe";
  EXPECT_FALSE(next.server.received.contains(kSecond));
  next.begin();
  EXPECT_TRUE(next.server.ended[kSecond]);
  EXPECT_TRUE(next.server.received[kSecond].ends_with(std::string(100, 'b')));
  EXPECT_TRUE(next.server.ended[2 * kSecond]);
  for (const std::int64_t stream : {kFirst, kSecond, 2 * kSecond}) answer(next, stream);
  for (const RequestSession::Ticket ticket : {0U, 1U, 2U}) {
    EXPECT_THAT(next.listener.heard[ticket].ends, ElementsAre(StreamEnd::kWhole));
  }
  EXPECT_EQ(next.client->early_data(), (EarlyData{1, 1, 0, 0}));
  EXPECT_EQ(next.client->open_streams(), 0U);
}

/// One that knows the ticket, but takes no early data; one that has forgotten the ticket.
TEST_F(Http3EarlyData, WhatIsRejectedIsSentAgainOnceTheHandshakeIsDone) {
  for (const bool knows_ticket : {true, false}) {
    SCOPED_TRACE(knows_ticket ? "knows the ticket" : "has forgotten the ticket");
    QuicPair before = pair();
    before.begin();
    QuicServerPeer::Options other = server;
    other.early = false;
    if (!knows_ticket) other.ticket_key = QuicServerPeer::make_ticket_key();
    QuicPair next(other, tls, "localhost", tickets);
    begin(next);
    const RenderedRequest post = h3_post(100);
    ASSERT_TRUE(next.client->submit(0, kH3Get, false));
    ASSERT_TRUE(next.client->submit(1, post, true));
    ASSERT_TRUE(next.client->submit(2, kH3Get, false));
    ASSERT_TRUE(next.client->submit(3, kH3Get, false));
    deliver(next);
    next.client->cancel(2);
    EXPECT_FALSE(next.server.received.contains(kFirst));
    next.begin();
    ASSERT_TRUE(next.client->is_established());
    EXPECT_EQ(next.client->is_resumed(), knows_ticket);
    EXPECT_FALSE(next.server.has_taken_early_data());
    EXPECT_EQ(next.client->early_data(), (EarlyData{3, 0, 3, 0}));
    EXPECT_EQ(next.client->open_streams(), 3U);
    for (const std::int64_t stream : {kFirst, kSecond, 2 * kSecond}) {
      EXPECT_TRUE(next.server.ended[stream]);
      answer(next, stream);
    }
    EXPECT_FALSE(next.server.received.contains(3 * kSecond));
    for (const RequestSession::Ticket ticket : {0U, 1U, 3U}) {
      EXPECT_EQ(next.listener.heard[ticket].answers, 1);
      EXPECT_THAT(next.listener.heard[ticket].ends, ElementsAre(StreamEnd::kWhole));
    }
    EXPECT_THAT(next.listener.heard[2].ends, IsEmpty());
    EXPECT_TRUE(next.client->is_confirmed());
    ASSERT_TRUE(next.client->submit(5, kH3Get, false));
    next.exchange();
    answer(next, 3 * kSecond);
    EXPECT_THAT(next.listener.heard[5].ends, ElementsAre(StreamEnd::kWhole));
    EXPECT_TRUE(next.went_on) << next.client->complaint();
  }
}

TEST_F(Http3EarlyData, ARequestThatIsTooEarlyIsSentAgainAndNobodyHearsOfIt) {
  QuicPair next = pair();
  begin(next);
  ASSERT_TRUE(next.client->submit(0, kH3Get, false));
  deliver(next);
  next.begin();
  next.server.write(kFirst, kTooEarly + h3::kHello, true);
  next.exchange();
  EXPECT_TRUE(next.server.ended[kSecond]);
  EXPECT_EQ(next.listener.heard[0].answers, 0);
  EXPECT_THAT(next.listener.heard[0].ends, IsEmpty());
  EXPECT_EQ(next.client->open_streams(), 1U);
  answer(next, kSecond);
  EXPECT_THAT(next.listener.heard[0].statuses, ElementsAre(200));
  EXPECT_EQ(next.listener.heard[0].body, "hello");
  EXPECT_THAT(next.listener.heard[0].ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_EQ(next.client->early_data(), (EarlyData{1, 1, 0, 1}));
  // Of a request that was not sent early it is an answer like any other.
  ASSERT_TRUE(next.client->submit(1, kH3Get, false));
  next.exchange();
  next.server.write(2 * kSecond, kTooEarly, true);
  next.exchange();
  EXPECT_THAT(next.listener.heard[1].statuses, ElementsAre(425));
}

TEST_F(Http3EarlyData, WhatIsCancelledWhileItWaitsIsNeverSent) {
  QuicPair next = pair();
  begin(next);
  const RenderedRequest post = h3_post(100);
  ASSERT_TRUE(next.client->submit(0, post, true));
  next.client->cancel(0);
  EXPECT_EQ(next.client->open_streams(), 0U);
  next.begin();
  EXPECT_FALSE(next.server.received.contains(kFirst));
  EXPECT_THAT(next.listener.heard, IsEmpty());
}

TEST_F(Http3EarlyData, IsSentOnlyWhereAskedFor) {
  QuicPair before = pair();
  before.begin();
  tls.early_data = false;
  QuicPair next = pair();
  next.take_from_client();
  EXPECT_FALSE(next.client->is_early());
  EXPECT_FALSE(next.client->can_submit());
}

}  // namespace
}  // namespace squall::generators
