#include "generators/transport/resolver.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/small_dns_server.h"

namespace squall::generators {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class ResolverTest : public testing::Test {
 protected:
  /// Asks, or takes the answer at hand; `later` than now.
  Resolved look_up(const std::string& name, Duration later = {}) {
    if (const Resolved* known = resolver.known(name, Clock::now() + later)) return *known;
    std::optional<Resolved> answer;
    const auto waiting =
        resolver.ask(name, [&answer](const Resolved& resolved) { answer = resolved; });
    EXPECT_FALSE(answer) << "done is never called from ask()";
    run_until([&answer] { return answer.has_value(); });
    return answer.value_or(Resolved{{}, "no answer came"});
  }

  template <typename Condition>
  void run_until(Condition holds) {
    const auto give_up = Clock::now() + 10s;
    while (!holds() && Clock::now() < give_up) loop.run_one_for(10ms);
    EXPECT_TRUE(holds());
  }

  static std::vector<std::string> texts(const Resolved& resolved) {
    std::vector<std::string> texts;
    for (const auto& address : resolved.addresses) texts.push_back(address.to_string());
    return texts;
  }

  asio::io_context loop{1};
  test::SmallDnsServer server{loop};
  Resolver resolver{loop, server.address()};
};

TEST_F(ResolverTest, FindsAllAddressesOfANameOfBothFamilies) {
  server.names["edge.test"] = {{"127.0.0.2", "::1", "127.0.0.1"}, 60};
  EXPECT_EQ(texts(look_up("edge.test")),
            (std::vector<std::string>{"127.0.0.1", "127.0.0.2", "::1"}));
}

TEST_F(ResolverTest, KeepsAnAnswerForItsTimeToLiveAndNoLonger) {
  server.names["edge.test"] = {{"127.0.0.1"}, 1};
  look_up("edge.test");
  server.names["edge.test"] = {{"127.0.0.9"}, 1};
  EXPECT_EQ(texts(look_up("edge.test")), std::vector<std::string>{"127.0.0.1"});
  EXPECT_EQ(server.questions, 1);
  EXPECT_EQ(texts(look_up("edge.test", 1s)), std::vector<std::string>{"127.0.0.9"});
  EXPECT_EQ(server.questions, 2);
}

TEST_F(ResolverTest, AsksEachTimeWhenTheTimeToLiveIsZero) {
  server.names["edge.test"] = {{"127.0.0.1"}, 0};
  look_up("edge.test");
  server.names["edge.test"] = {{"127.0.0.9"}, 0};
  EXPECT_EQ(texts(look_up("edge.test")), std::vector<std::string>{"127.0.0.9"});
  EXPECT_EQ(server.questions, 2);
}

TEST_F(ResolverTest, DoesNotKeepAFailureNorFallBackOnAnAnswerThatHasRunOut) {
  server.names["edge.test"] = {{"127.0.0.1"}, 0};
  look_up("edge.test");
  server.names.clear();
  const Resolved failed = look_up("edge.test");
  EXPECT_TRUE(failed.addresses.empty());
  EXPECT_NE(failed.why, "");
  server.names["edge.test"] = {{"127.0.0.9"}, 60};
  EXPECT_EQ(texts(look_up("edge.test")), std::vector<std::string>{"127.0.0.9"});
}

TEST_F(ResolverTest, TakesNamesFromTheHostsFileWithoutAskingAndForGood) {
  EXPECT_FALSE(look_up("localhost").addresses.empty());
  EXPECT_EQ(server.questions, 0);
  EXPECT_NE(resolver.known("localhost", Clock::now() + 24h), nullptr);
}

TEST_F(ResolverTest, ThoseWhoAskTogetherShareOneQuestion) {
  server.names["edge.test"] = {{"127.0.0.1"}, 0};
  int answers = 0;
  std::vector<std::unique_ptr<Resolver::Waiting>> waiting;
  waiting.reserve(100);
  for (int i = 0; i < 100; ++i) {
    waiting.push_back(resolver.ask("edge.test", [&answers](const Resolved& resolved) {
      answers += static_cast<int>(resolved.addresses.size());
    }));
  }
  run_until([&answers] { return answers == 100; });
  EXPECT_EQ(server.questions, 1);
}

TEST_F(ResolverTest, WhoGivesUpIsNotToldAndLeavesNoWorkBehind) {
  server.answers = false;
  bool told = false;
  auto waiting = resolver.ask("edge.test", [&told](const Resolved&) { told = true; });
  run_until([this] { return server.questions == 1; });
  waiting.reset();
  loop.run_for(50ms);
  EXPECT_FALSE(told);

  asio::io_context other(1);
  Resolver alone(other, server.address());
  alone.ask("edge.test", [](const Resolved&) {}).reset();
  EXPECT_LT(other.run_for(5s), 100U);
  EXPECT_TRUE(other.stopped()) << "out of work";
}

TEST_F(ResolverTest, GoesOnAfterItHasBeenGivenUpOn) {
  server.answers = false;
  resolver.ask("edge.test", [](const Resolved&) {}).reset();
  server.answers = true;
  server.names["edge.test"] = {{"127.0.0.1"}, 60};
  EXPECT_EQ(texts(look_up("edge.test")), std::vector<std::string>{"127.0.0.1"});
}

TEST_F(ResolverTest, AsksAgainWhenAnAnswerIsLost) {
  server.answers = false;
  server.names["edge.test"] = {{"127.0.0.1"}, 60};
  std::optional<Resolved> answer;
  const auto waiting =
      resolver.ask("edge.test", [&answer](const Resolved& resolved) { answer = resolved; });
  run_until([this] { return server.questions == 1; });
  server.answers = true;
  run_until([&answer] { return answer.has_value(); });
  EXPECT_GE(server.questions, 2);
  EXPECT_EQ(texts(*answer), std::vector<std::string>{"127.0.0.1"});
}

TEST_F(ResolverTest, CanBeDestroyedWithAQuestionUnderWay) {
  bool told = false;
  std::unique_ptr<Resolver::Waiting> waiting;
  {
    Resolver mortal(loop, server.address());
    server.answers = false;
    waiting = mortal.ask("edge.test", [&told](const Resolved&) { told = true; });
    run_until([this] { return server.questions == 1; });
    waiting.reset();
  }
  loop.run_for(20ms);
  EXPECT_FALSE(told);
}

/// Asks for services, and waits for the answer.
class ResolverServicesTest : public ResolverTest {
 protected:
  Resolver::Services ask(const std::string& host, std::uint16_t port = 443) {
    std::optional<Resolver::Services> answer;
    resolver.ask_services(host, port, [&answer](const Resolver::Services& said) { answer = said; });
    EXPECT_FALSE(answer) << "done is never called from ask_services()";
    run_until([&answer] { return answer.has_value(); });
    return answer.value_or(Resolver::Services{{}, "no answer came"});
  }

  const std::string h3{"\0\1\0\0\1\0\3\2h3", 10};
};

TEST_F(ResolverServicesTest, FindsTheRecordOfAnOriginByItsNameAndPort) {
  server.services["edge.test"] = {h3};
  server.services["_8443._https.edge.test"] = {std::string("\0\2", 2) + h3.substr(2), h3};
  const auto plain = ask("edge.test");
  ASSERT_EQ(plain.records.size(), 1U) << plain.why;
  EXPECT_EQ(plain.records[0].alpn, std::vector<std::string>{"h3"});
  EXPECT_EQ(plain.records[0].holds, Duration(60s));
  const auto other = ask("edge.test", 8443);
  ASSERT_EQ(other.records.size(), 2U) << other.why;
  EXPECT_EQ(other.records[0].priority, 1);
}

TEST_F(ResolverServicesTest, ThatThereIsNoneIsNoFailure) {
  server.names["edge.test"] = {{"127.0.0.1"}, 60};
  for (const std::string name : {"edge.test", "nobody.test"}) {
    const auto none = ask(name);
    EXPECT_TRUE(none.records.empty());
    EXPECT_EQ(none.why, "");
  }
}

TEST_F(ResolverServicesTest, SaysWhatIsWrongWithAMalformedAnswer) {
  server.services["edge.test"] = {std::string("\0", 1)};
  const auto bad = ask("edge.test");
  EXPECT_TRUE(bad.records.empty());
  EXPECT_EQ(bad.why, "the answer is malformed");
}

TEST_F(ResolverServicesTest, DoesNotAskTheDnsForANameOfTheHostsFile) {
  EXPECT_TRUE(ask("localhost").records.empty());
  EXPECT_EQ(server.service_questions, 0);
}

TEST_F(ResolverServicesTest, ASilentServerHoldsNobodyUpAndCallsNobodyWhoIsGone) {
  server.answers = false;
  bool called = false;
  {
    Resolver gone(loop, server.address());
    gone.ask_services("edge.test", 443, [&called](const Resolver::Services&) { called = true; });
    run_until([this] { return server.service_questions > 0; });
  }
  loop.run_for(50ms);
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace squall::generators
