#include "generators/target/quic_server.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "generators/target/server_session.h"

#include "tests/support/quic_server_world.h"

namespace squall::generators {
namespace {

using test::QuicServerWorld;
using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

std::string repeating(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t at = 0; at < size; ++at) text[at] = kBodyText[at % kBodyText.size()];
  return text;
}

TEST(QuicServer, AnswersARequest) {
  QuicServerWorld world;
  auto& client = world.connect();
  ASSERT_TRUE(client.session->is_established()) << client.session->end().text;
  world.get(client, 0, "/size/64");
  world.exchange();
  const auto& heard = client.heard.heard[0];
  EXPECT_THAT(heard.ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_THAT(heard.statuses, ElementsAre(200));
  EXPECT_EQ(heard.body, repeating(64));
  EXPECT_THAT(heard.headers,
              UnorderedElementsAre(Pair("server", "squall-target"), Pair("content-length", "64"),
                                   Pair("content-type", "text/plain")));
  EXPECT_EQ(world.established, 1);
}

TEST(QuicServer, SendsLargeBodiesWholeThoughDatagramsAreLost) {
  QuicServerWorld world;
  auto& client = world.connect();
  world.lose_each = 20;
  world.get(client, 0, "/size/1000000");
  world.get(client, 1, "/size/70000");
  world.pass(20s);
  EXPECT_THAT(client.heard.heard[0].ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_TRUE(client.heard.heard[0].body == repeating(1'000'000));
  EXPECT_TRUE(client.heard.heard[1].body == repeating(70'000));
}

TEST(QuicServer, TakesUploads) {
  QuicServerWorld world;
  auto& client = world.connect();
  const auto post = test::h3_post(1'000'000);
  client.session->submit(0, post, true);
  world.pass(5s);
  EXPECT_THAT(client.heard.heard[0].ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_EQ(world.server->counts().body_bytes_received, 1'000'000U);
}

TEST(QuicServer, SendsNoBodyWhereThereIsNone) {
  QuicServerWorld world;
  auto& client = world.connect();
  world.get(client, 0, "/status/204");
  world.get(client, 1, "/size/64", "HEAD");
  world.exchange();
  EXPECT_THAT(client.heard.heard[0].statuses, ElementsAre(204));
  EXPECT_THAT(client.heard.heard[0].ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_EQ(client.heard.heard[0].body, "");
  EXPECT_EQ(client.heard.heard[1].headers["content-length"], "64");
  EXPECT_THAT(client.heard.heard[1].ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_EQ(client.heard.heard[1].body, "");
}

TEST(QuicServer, ResetsOneStreamAndKeepsTheConnection) {
  QuicServerWorld world;
  auto& client = world.connect();
  world.get(client, 0, "/reset");
  world.exchange();
  EXPECT_THAT(client.heard.heard[0].ends, ElementsAre(StreamEnd::kReset));
  EXPECT_EQ(client.session->complaint(),
            "the server reset a stream with H3_INTERNAL_ERROR (0x102)");
  world.get(client, 1, "/");
  world.exchange();
  EXPECT_EQ(client.heard.heard[1].body, "hello");
}

TEST(QuicServer, AnswersLater) {
  QuicServerWorld world;
  auto& client = world.connect();
  world.get(client, 0, "/wait");
  world.pass(200ms);
  ASSERT_THAT(world.waiting, testing::SizeIs(1));
  EXPECT_THAT(client.heard.heard[0].ends, ElementsAre());
  EXPECT_TRUE(world.answer(1, Bytes{10}));
  world.exchange();
  EXPECT_EQ(client.heard.heard[0].body, repeating(10));
}

TEST(QuicServer, HearsThatARequestIsGivenUp) {
  QuicServerWorld world;
  auto& client = world.connect();
  world.get(client, 0, "/wait");
  world.exchange();
  ASSERT_THAT(world.waiting, testing::SizeIs(1));
  client.session->cancel(0);
  world.exchange();
  EXPECT_THAT(world.waiting, testing::IsEmpty());
}

TEST(QuicServer, GivesUpWhatWaitsWhenTheClientSaysGoodbye) {
  QuicServerWorld world;
  auto& client = world.connect();
  world.get(client, 0, "/wait");
  world.exchange();
  client.session->say_goodbye();
  world.exchange();
  EXPECT_THAT(world.waiting, testing::IsEmpty());
  EXPECT_THAT(world.connections, testing::IsEmpty());
  world.pass(5s);
  EXPECT_EQ(world.server->connections(), 0U) << "after it has drained";
}

TEST(QuicServer, KeepsHundredsOfConnectionsApartByTheirIds) {
  constexpr std::size_t kClients = 300;
  QuicServerWorld world;
  for (std::size_t i = 0; i < kClients; ++i) world.add_client();
  world.exchange();
  EXPECT_EQ(world.established, static_cast<int>(kClients));
  for (std::size_t i = 0; i < kClients; ++i) {
    world.get(*world.clients[i], 0, "/size/" + std::to_string(i + 1));
  }
  world.exchange();
  for (std::size_t i = 0; i < kClients; ++i) {
    ASSERT_EQ(world.clients[i]->heard.heard[0].body.size(), i + 1);
  }
}

TEST(QuicServer, GoesOnWhenAClientsAddressChanges) {
  QuicServerWorld world;
  auto& client = world.connect();
  world.get(client, 0, "/");
  world.pass(100ms);
  client.address.port(9'999);  // As a NAT does that has forgotten the connection.
  world.get(client, 1, "/size/20000");
  world.pass(2s);
  EXPECT_THAT(client.heard.heard[1].ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_EQ(world.established, 1);
}

TEST(QuicServer, AsksNewClientsToComeAgainWhereRetryIsOn) {
  QuicServerWorld world({.retry = true});
  auto& client = world.connect();
  EXPECT_TRUE(client.session->is_established()) << client.session->end().text;
  EXPECT_EQ(world.server->counts().retries, 1U);
  world.get(client, 0, "/");
  world.exchange();
  EXPECT_EQ(client.heard.heard[0].body, "hello");
}

TEST(QuicServer, ResumesSessions) {
  QuicServerWorld world({.early_data = true});
  world.tickets = std::make_shared<QuicTickets>();
  world.connect();
  EXPECT_EQ(world.server->counts().resumed, 0U);
  auto& again = world.connect();
  EXPECT_TRUE(again.session->is_resumed());
  EXPECT_EQ(world.server->counts().resumed, 1U);
}

TEST(QuicServer, SaysWhichVersionsItSpeaks) {
  QuicServerWorld world;
  std::string datagram(1200, '\0');
  datagram.replace(0, 7, std::string("\xc0\x7a\x7a\x7a\x7a\x08", 6) + "D");
  datagram[14] = 8;
  world.give_server(datagram, {asio::ip::make_address("127.0.0.1"), 5'000});
  ASSERT_THAT(world.sent, testing::SizeIs(1));
  const std::string& answer = world.sent[0].second;
  EXPECT_EQ(answer.substr(1, 4), std::string(4, '\0'));
  EXPECT_NE(answer.find(std::string("\0\0\0\1", 4), 23), std::string::npos);
  world.sent.clear();
  world.give_server(datagram.substr(0, 1100), {asio::ip::make_address("127.0.0.1"), 5'000});
  EXPECT_THAT(world.sent, testing::IsEmpty()) << "to what is too small for an Initial";
}

TEST(QuicServer, ResetsWhatItDoesNotKnowWithLessThanItHeard) {
  QuicServerWorld world;
  const asio::ip::udp::endpoint stranger{asio::ip::make_address("127.0.0.1"), 5'000};
  world.give_server("\x40" + std::string(99, 'x'), stranger);
  world.give_server("\x40" + std::string(49, 'x'), stranger);
  world.give_server("\x40" + std::string(29, 'x'), stranger);
  ASSERT_THAT(world.sent, testing::SizeIs(2));
  EXPECT_LT(world.sent[0].second.size(), 100U);
  EXPECT_LT(world.sent[1].second.size(), 50U);
  EXPECT_EQ(world.server->counts().stateless_resets, 2U);
}

TEST(QuicServer, DropsAConnectionWithAStatelessReset) {
  QuicServerWorld world;
  auto& client = world.connect();
  world.get(client, 0, "/wait");
  world.exchange();
  world.connections.begin()->second->drop();
  EXPECT_THAT(world.connections, testing::IsEmpty());
  world.exchange();
  EXPECT_THAT(world.waiting, testing::IsEmpty());
  EXPECT_EQ(client.session->end().kind, SessionEnd::Kind::kReset) << client.session->end().text;
}

TEST(QuicServer, ResetsTheConnectionsOfAnEarlierServerWithTheSameKey) {
  QuicServerWorld world;
  auto& client = world.connect();
  QuicServerWorld restarted;
  std::swap(world.server, restarted.server);
  world.get(client, 0, "/");
  for (const auto& one : world.clients) {
    auto out = std::make_unique<Datagrams>();
    one->session->take_output(*out, world.now);
    ASSERT_THAT(out->bursts, testing::Not(testing::IsEmpty()));
    restarted.connections.clear();
    world.server->receive(std::span(out->bytes).first(out->bursts[0].size), Ecn::kNone,
                          {QuicServerWorld::kServer, one->address}, world.now);
  }
  ASSERT_THAT(restarted.sent, testing::SizeIs(1));
  client.session->receive(restarted.sent[0].second, Ecn::kNone, world.now);
  EXPECT_EQ(client.session->end().kind, SessionEnd::Kind::kReset) << client.session->end().text;
  std::swap(world.server, restarted.server);
}

TEST(QuicServer, SaysGoawayAndEndsTheConnectionInGoodOrder) {
  QuicServerWorld world;
  auto& client = world.connect();
  world.get(client, 0, "/wait");
  world.exchange();
  world.get(client, 1, "/away");
  world.exchange();
  EXPECT_TRUE(client.session->has_gone_away());
  EXPECT_THAT(client.heard.heard[1].ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_THAT(world.connections, testing::SizeIs(1)) << "one still waits for its answer";
  world.answer(1, Bytes{64});
  world.pass(200ms);
  EXPECT_THAT(client.heard.heard[0].ends, ElementsAre(StreamEnd::kWhole));
  EXPECT_THAT(world.connections, testing::IsEmpty());
}

TEST(QuicServer, LetsNewClientsHearNothingWhileItIsSilent) {
  QuicServerWorld world;
  auto& before = world.connect();
  world.is_silent = true;
  auto& client = world.connect();
  world.pass(3s);
  world.is_silent = false;
  world.pass(1s);
  EXPECT_FALSE(client.session->is_established());
  EXPECT_EQ(world.server->connections(), 1U);
  world.get(before, 0, "/");
  world.exchange();
  EXPECT_EQ(before.heard.heard[0].body, "hello");
}

TEST(QuicServer, RefusesNewClientsWhenItIsToldTo) {
  QuicServerWorld world;
  world.server->refuse_new();
  auto& client = world.connect();
  EXPECT_EQ(client.session->end().kind, SessionEnd::Kind::kTransport);
  EXPECT_THAT(client.session->end().text, testing::StartsWith("CONNECTION_REFUSED"));
}

TEST(QuicServer, RepeatsItsLastWordToWhomHasNotHeardIt) {
  QuicServerWorld world;
  auto& client = world.connect();
  world.connections.begin()->second->close();
  world.server->flush(world.now);
  ASSERT_THAT(world.sent, testing::SizeIs(1));
  world.sent.clear();  // It is lost.
  world.get(client, 0, "/");
  world.exchange();
  EXPECT_EQ(client.session->end().kind, SessionEnd::Kind::kProtocol);
  EXPECT_THAT(client.session->end().text, testing::StartsWith("H3_NO_ERROR"));
}

TEST(QuicServer, RefusesAHeaderThatIsTooLargeAndKeepsTheConnection) {
  QuicServerWorld world;
  auto& client = world.connect();
  RenderedRequest huge = test::kH3Get;
  huge.headers.push_back({"x-huge", std::string(70'000, 'x')});
  client.session->submit(0, huge, false);
  world.pass(1s);
  EXPECT_THAT(client.heard.heard[0].ends, ElementsAre(StreamEnd::kReset));
  EXPECT_EQ(world.seen, 0);
  world.get(client, 1, "/");
  world.exchange();
  EXPECT_EQ(client.heard.heard[1].body, "hello");
}

TEST(QuicServer, KeepsBodiesOfAdminRequests) {
  QuicServerWorld world;
  auto& client = world.connect();
  auto post = test::h3_post(5);
  post.headers[3].value = "/.squall/stall";
  client.session->submit(0, post, true);
  world.exchange();
  EXPECT_EQ(world.last_body, "bbbbb");
}

TEST(QuicServer, HasClientsWaitWhileTheSocketTakesNoMore) {
  QuicServerWorld world;
  auto& client = world.connect();
  auto& other = world.connect();
  world.get(client, 0, "/");
  world.get(other, 0, "/");
  world.is_blocked = true;
  world.move();
  world.server->on_timer(world.now);
  EXPECT_EQ(world.blocked_sends, 2) << "one for each time that it was asked to flush";
  world.is_blocked = false;
  world.exchange();
  EXPECT_EQ(client.heard.heard[0].body, "hello");
  EXPECT_EQ(other.heard.heard[0].body, "hello");
}

TEST(QuicServer, ForgetsClientsThatDoNotShakeHands) {
  QuicServerWorld world;
  auto& client = world.add_client();
  world.move();
  EXPECT_EQ(world.server->connections(), 1U);
  client.went_on = false;  // It is gone without a word.
  world.pass(12s);
  EXPECT_EQ(world.server->connections(), 0U);
}

}  // namespace
}  // namespace squall::generators
