#include "generators/http3/http3_session.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/quic_pair.h"

namespace squall::generators {
namespace {

using namespace std::chrono_literals;
using test::h3_post;
using test::kH3Get;
using test::QuicPair;
using test::QuicServerPeer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace h3 = test::h3;

constexpr std::int64_t kFirst = 0;  // The streams of the first requests.
constexpr std::int64_t kSecond = 4;

TEST(Http3Session, ARequestGetsItsAnswer) {
  QuicPair pair;
  ASSERT_TRUE(pair.client);
  EXPECT_FALSE(pair.client->can_submit()) << "no handshake yet";
  pair.begin();
  ASSERT_TRUE(pair.client->is_established());
  EXPECT_TRUE(pair.client->is_confirmed());
  EXPECT_FALSE(pair.client->is_resumed());
  ASSERT_TRUE(pair.client->submit(7, kH3Get, false));
  EXPECT_EQ(pair.client->open_streams(), 1U);
  pair.exchange();
  EXPECT_TRUE(pair.server.ended[kFirst]);
  pair.server.write(kFirst, h3::kHeaders + h3::kHello, true);
  pair.exchange();
  const auto& heard = pair.listener.heard[7];
  EXPECT_EQ(heard.answers, 1);
  EXPECT_THAT(heard.statuses, ElementsAre(200));
  EXPECT_EQ(heard.body, "hello");
  EXPECT_THAT(heard.ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_EQ(pair.client->open_streams(), 0U);
  EXPECT_TRUE(pair.went_on);
  EXPECT_FALSE(pair.client->is_over());
}

TEST(Http3Session, AnUploadLargerThanTheWindowsArrivesWhole) {
  QuicServerPeer::Options options;
  options.window = 20'000;
  QuicPair pair(options);
  pair.begin();
  const RenderedRequest post = h3_post(300'000);
  ASSERT_TRUE(pair.client->submit(0, post, true));
  pair.exchange();
  while (!pair.server.ended[kFirst] && pair.wait(pair.now + 1s)) {
  }
  EXPECT_TRUE(pair.server.ended[kFirst]);
  EXPECT_GT(pair.server.received[kFirst].size(), 300'000U);
  EXPECT_TRUE(pair.server.received[kFirst].ends_with(std::string(1000, 'b')));
  EXPECT_THAT(pair.listener.heard[0].ends, IsEmpty());
  pair.server.write(kFirst, h3::kHeaders, true);
  pair.exchange();
  EXPECT_THAT(pair.listener.heard[0].ends, ElementsAre(StreamEnd::kWhole));
}

TEST(Http3Session, AnAnswerBeforeTheWholeUploadCountsOnceTheServerWantsNoMoreOfIt) {
  QuicServerPeer::Options options;
  options.window = 20'000;
  QuicPair pair(options);
  pair.begin();
  const RenderedRequest post = h3_post(10'000'000);
  ASSERT_TRUE(pair.client->submit(0, post, true));
  for (const std::string& datagram : pair.take_from_client()) {
    pair.server.receive(datagram, pair.now);
  }
  pair.server.write(kFirst, h3::kHeaders, true);
  for (const std::string& datagram : pair.server.take(pair.now)) pair.give(datagram);
  EXPECT_THAT(pair.listener.heard[0].ends, IsEmpty());
  pair.server.stop_sending(kFirst, 0x100);
  pair.exchange();
  EXPECT_THAT(pair.listener.heard[0].ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_TRUE(pair.went_on);
}

/// Every datagram of an exchange in turn is lost, and nothing else comes of it but time.
TEST(Http3Session, WhicheverDatagramIsLostTheAnswerComes) {
  int all = 0;
  for (int lost = 0; lost <= all; ++lost) {
    SCOPED_TRACE(lost);
    QuicPair pair;
    pair.lost = {lost};
    pair.begin();
    while (!(pair.client->is_established() && pair.server.is_established()) && pair.wait()) {
    }
    if (pair.control < 0) pair.begin();
    ASSERT_TRUE(pair.client->submit(0, kH3Get, false));
    pair.exchange();
    while (!pair.server.ended[kFirst] && pair.wait(pair.now + 5s)) {
    }
    pair.server.write(kFirst, h3::kHeaders + h3::kHello, true);
    pair.exchange();
    while (pair.listener.heard[0].ends.empty() && pair.wait(pair.now + 5s)) {
    }
    EXPECT_THAT(pair.listener.heard[0].ends, ElementsAre(StreamEnd::kWhole));
    EXPECT_EQ(pair.listener.heard[0].body, "hello");
    EXPECT_TRUE(pair.went_on) << pair.client->end().text;
    if (lost == 0) all = pair.moved_so_far;
  }
  EXPECT_GT(all, 5);
}

TEST(Http3Session, ARetryIsHeeded) {
  QuicServerPeer::Options options;
  options.retry = true;
  QuicPair pair(options);
  pair.begin();
  EXPECT_TRUE(pair.client->is_established());
}

TEST(Http3Session, NoMoreRequestsThanTheServerAllows) {
  QuicServerPeer::Options options;
  options.streams = 2;
  QuicPair pair(options);
  pair.begin();
  EXPECT_TRUE(pair.client->submit(0, kH3Get, false));
  EXPECT_TRUE(pair.client->submit(1, kH3Get, false));
  EXPECT_FALSE(pair.client->can_submit());
  EXPECT_FALSE(pair.client->submit(2, kH3Get, false));
  pair.exchange();
  pair.server.write(kFirst, h3::kHeaders, true);
  pair.exchange();
  while (!pair.client->can_submit() && pair.wait(pair.now + 1s)) {
  }
  EXPECT_TRUE(pair.client->submit(0, kH3Get, false));
}

TEST(Http3Session, WhatIsCancelledIsResetAndNotHeardOfAgain) {
  QuicPair pair;
  pair.begin();
  ASSERT_TRUE(pair.client->submit(0, kH3Get, false));
  pair.exchange();
  pair.client->cancel(0);
  EXPECT_EQ(pair.client->open_streams(), 0U);
  ASSERT_TRUE(pair.client->submit(0, kH3Get, false)) << "the ticket is free at once";
  pair.server.write(kFirst, h3::kHeaders + h3::kHello, true);
  pair.server.write(kSecond, h3::kHeaders, true);
  pair.exchange();
  EXPECT_THAT(pair.listener.heard[0].ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_EQ(pair.listener.heard[0].body, "");
  EXPECT_TRUE(pair.went_on);
}

TEST(Http3Session, AnUploadThatIsCancelledIsResetWithItsCode) {
  QuicPair pair;
  pair.begin();
  const RenderedRequest post = h3_post(10'000'000);
  ASSERT_TRUE(pair.client->submit(0, post, true));
  for (const std::string& datagram : pair.take_from_client()) {
    pair.server.receive(datagram, pair.now);
  }
  pair.client->cancel(0);
  pair.exchange();
  EXPECT_EQ(pair.server.resets.at(kFirst), 0x10cU) << "H3_REQUEST_CANCELLED";
  EXPECT_TRUE(pair.went_on);
}

TEST(Http3Session, AResetSaysWhetherTheRequestWasLookedAt) {
  QuicPair pair;
  pair.begin();
  ASSERT_TRUE(pair.client->submit(0, kH3Get, false));
  ASSERT_TRUE(pair.client->submit(1, kH3Get, false));
  pair.exchange();
  EXPECT_EQ(pair.client->complaint(), "");
  pair.server.reset(kFirst, 0x102);  // H3_INTERNAL_ERROR
  pair.exchange();
  EXPECT_EQ(pair.client->complaint(), "the server reset a stream with H3_INTERNAL_ERROR (0x102)");
  pair.server.reset(kSecond, 0x10b);  // H3_REQUEST_REJECTED
  pair.exchange();
  EXPECT_THAT(pair.listener.heard[0].ends, ElementsAre(StreamEnd::kReset));
  EXPECT_THAT(pair.listener.heard[1].ends, ElementsAre(StreamEnd::kRefused));
  EXPECT_TRUE(pair.went_on);
}

TEST(Http3Session, AGoawayEndsWhatTheServerWillNotLookAt) {
  QuicPair pair;
  pair.begin();
  ASSERT_TRUE(pair.client->submit(0, kH3Get, false));
  ASSERT_TRUE(pair.client->submit(1, kH3Get, false));
  pair.exchange();
  pair.server.write(pair.control, h3::goaway(kSecond));
  pair.exchange();
  EXPECT_TRUE(pair.client->has_gone_away());
  EXPECT_FALSE(pair.client->can_submit());
  EXPECT_THAT(pair.listener.heard[0].ends, IsEmpty());
  EXPECT_THAT(pair.listener.heard[1].ends, ElementsAre(StreamEnd::kGoaway));
  EXPECT_FALSE(pair.client->is_over());
  pair.server.write(kFirst, h3::kHeaders, true);
  pair.exchange();
  EXPECT_THAT(pair.listener.heard[0].ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_TRUE(pair.client->is_over());
}

TEST(Http3Session, AServerThatGoesAwayDoesSoInGoodOrderUnlessAnErrorFollows) {
  constexpr std::uint64_t kNoError = 0x100;
  constexpr std::uint64_t kInternalError = 0x102;
  for (const std::uint64_t code : {kNoError, kInternalError}) {
    SCOPED_TRACE(code);
    QuicPair pair;
    pair.begin();
    ASSERT_TRUE(pair.client->submit(0, kH3Get, false));
    pair.exchange();
    EXPECT_FALSE(pair.client->has_left_in_good_order());
    pair.server.write(pair.control, h3::goaway(kSecond));
    pair.exchange();
    EXPECT_TRUE(pair.client->has_left_in_good_order());
    pair.server.close_application(code);
    pair.exchange();
    EXPECT_EQ(pair.client->has_left_in_good_order(), code == kNoError);
  }
}

TEST(Http3Session, KeysAreRenewedFromEitherSide) {
  QuicPair pair;
  pair.begin();
  pair.now += 1s;
  EXPECT_TRUE(pair.client->update_keys(pair.now));
  EXPECT_FALSE(pair.client->update_keys(pair.now)) << "the server has not followed yet";
  EXPECT_EQ(pair.client->changes().key_updates, 0U);
  ASSERT_TRUE(pair.client->submit(0, kH3Get, false));
  pair.exchange();
  EXPECT_EQ(pair.client->changes().key_updates, 1U);
  pair.now += 5s;
  pair.exchange();
  EXPECT_TRUE(pair.server.update_keys(pair.now));
  pair.server.write(kFirst, h3::kHeaders, true);
  pair.exchange();
  EXPECT_THAT(pair.listener.heard[0].ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_TRUE(pair.went_on);
  EXPECT_EQ(pair.client->changes().key_updates, 1U) << "the other one was the server's";
}

TEST(Http3Session, GoesOnWithTheKeysOfAServerThatRenewsThemAgainAndAgain) {
  QuicPair pair;
  pair.begin();
  for (std::uint32_t i = 0; i < 20; ++i) {
    pair.now += 5s;
    pair.exchange();
    ASSERT_TRUE(pair.server.update_keys(pair.now)) << i;
    ASSERT_TRUE(pair.client->submit(i, kH3Get, false));
    pair.exchange();
    pair.server.write(std::int64_t{4} * i, h3::kHeaders, true);
    pair.exchange();
    ASSERT_THAT(pair.listener.heard[i].ends, ElementsAre(StreamEnd::kWhole)) << i;
  }
}

/// A connection that nobody renews the keys of outlives them: RFC 9001 §6.6.
TEST(Http3Session, RenewsItsKeysWhenTheyHaveSealedAsMuchAsTheyMay) {
  constexpr std::uint32_t kRequests = 50;
  constexpr std::uint64_t kMostSealed = 20;
  QuicPair pair({}, QuicPair::unverified(), "localhost", nullptr, {}, nullptr, kMostSealed);
  pair.begin();
  for (std::uint32_t i = 0; i < kRequests; ++i) {
    pair.now += 1s;  // RFC 9001 §6.5: one renewal after the other.
    pair.exchange();
    ASSERT_TRUE(pair.client->submit(i, kH3Get, false)) << i;
    pair.exchange();
    pair.server.write(std::int64_t{4} * i, h3::kHeaders, true);
    pair.exchange();
    ASSERT_THAT(pair.listener.heard[i].ends, ElementsAre(StreamEnd::kWhole)) << i;
  }
  EXPECT_GT(pair.client->path().sent, 3 * kMostSealed);
  EXPECT_GE(pair.server.keys_made(), 3);
  EXPECT_LT(pair.server.keys_made(), 20) << "not more often than it needs";
}

/// RFC 9000 §9: a client moves when its handshake is confirmed.
void begin_to_move(QuicPair& pair) {
  pair.begin();
  pair.now += 1s;
  pair.exchange();
}

TEST(Http3Session, AMigrationIsOneWhenTheServerHasAnsweredOnItsPath) {
  QuicPair pair;
  begin_to_move(pair);
  ASSERT_TRUE(pair.migrate("127.0.0.2"));
  EXPECT_EQ(pair.client->changes(), (ConnectionChanges{}));
  pair.exchange();
  EXPECT_EQ(pair.client->changes(), (ConnectionChanges{.validated = 1}));
}

TEST(Http3Session, AMigrationWhosePathIsNeverAnsweredOnIsNone) {
  QuicPair pair;
  begin_to_move(pair);
  pair.lose_all();
  ASSERT_TRUE(pair.migrate("127.0.0.2"));
  const Instant end = pair.now + 20s;
  while (pair.wait(end)) {
  }
  EXPECT_EQ(pair.client->changes(), (ConnectionChanges{.unanswered = 1}));
}

TEST(Http3Session, AMigrationThatTheNextOneOvertakesIsNone) {
  QuicPair pair;
  begin_to_move(pair);
  ASSERT_TRUE(pair.migrate("127.0.0.2"));
  ASSERT_TRUE(pair.migrate("127.0.0.3"));
  pair.exchange();
  EXPECT_EQ(pair.client->changes(), (ConnectionChanges{.validated = 1, .unanswered = 1}));
}

TEST(Http3Session, GoodbyeIsSaidWithNoError) {
  QuicPair pair;
  pair.begin();
  pair.client->say_goodbye();
  EXPECT_FALSE(pair.client->can_submit());
  pair.exchange();
  EXPECT_TRUE(pair.client->is_over());
  EXPECT_NE(pair.server.failure(), 0) << "draining";
}

TEST(Http3Session, AnIdleConnectionIsKeptUp) {
  QuicPair pair;
  pair.begin();
  const Instant end = pair.now + 120s;
  while (pair.wait(end)) {
  }
  EXPECT_TRUE(pair.went_on);
  EXPECT_TRUE(pair.client->can_submit());
}

TEST(Http3Session, AServerThatIsSilentIsGoneAfterTheIdleTime) {
  QuicPair pair;
  pair.begin();
  ASSERT_TRUE(pair.client->submit(0, kH3Get, false));
  const Instant begin = pair.now;
  while (pair.went_on && pair.client->next_timer()) {
    pair.take_from_client();
    pair.now = std::max(pair.now, *pair.client->next_timer());
    pair.went_on = pair.client->on_timer(pair.now);
  }
  EXPECT_EQ(pair.client->end().kind, SessionEnd::Kind::kIdle);
  EXPECT_NEAR(to_seconds(pair.now - begin), 30, 1);
  EXPECT_THAT(pair.take_from_client(), IsEmpty()) << "nobody would hear it";
}

TEST(Http3Session, TheServersCertificateIsVerified) {
  QuicPair unknown({}, TlsSpec{});
  unknown.begin();
  EXPECT_FALSE(unknown.client->is_established());
  EXPECT_EQ(unknown.client->end().kind, SessionEnd::Kind::kTls);
  EXPECT_THAT(unknown.client->end().text, HasSubstr("NOT trusted"));

  const std::string file = testing::TempDir() + "http3_session_test_ca.pem";
  std::ofstream(file) << test::kTestCertificate;
  TlsSpec trusting;
  trusting.ca = file;
  QuicPair known({}, trusting);
  known.begin();
  EXPECT_TRUE(known.client->is_established()) << known.client->end().text;
  QuicPair by_address({}, trusting, "127.0.0.1");
  by_address.begin();
  EXPECT_TRUE(by_address.client->is_established()) << by_address.client->end().text;
  QuicPair other({}, trusting, "elsewhere.test");
  other.begin();
  EXPECT_THAT(other.client->end().text, HasSubstr("does not match"));
}

}  // namespace
}  // namespace squall::generators
