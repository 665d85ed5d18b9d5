#include "generators/load/auto_dialer.h"

#include <chrono>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Alternative = Dialled::Alternative;

/// A dialer whose attempts end when and as the test says; it tells how many are under way.
class ToldDialer final : public Dialer {
 public:
  std::unique_ptr<Attempt> dial(const Url& url, Done done) override {
    urls.push_back(url);
    asked.push_back(std::move(done));
    ++under_way;
    return std::make_unique<Told>(*this);
  }
  std::unique_ptr<Attempt> dial_and_tell(const Url& url, Begun begun, Done done) override {
    if (!queues) return Dialer::dial_and_tell(url, std::move(begun), std::move(done));
    begins.push_back(std::move(begun));
    return dial(url, std::move(done));
  }
  /// The turn of all that are queued has come.
  void begin() {
    queues = false;
    for (const Begun& one : begins) one();
  }
  void is_up() {
    Dialled dialled;
    dialled.stream = std::make_unique<NoStream>();
    asked.back()(std::move(dialled));
  }
  void fails() {
    Dialled dialled;
    dialled.error = reports::ErrorClass::kConnect;
    asked.back()(std::move(dialled));
  }

  std::vector<Url> urls;
  std::vector<Done> asked;
  std::vector<Begun> begins;
  bool queues = false;
  int under_way = 0;

 private:
  class NoStream final : public ByteStream {
   public:
    int descriptor() const override { return -1; }
    IoStep handshake() override { return {IoStep::Kind::kDone}; }
    IoStep read(std::span<char> /*into*/) override { return {IoStep::Kind::kWantRead}; }
    IoStep write(std::string_view /*bytes*/) override { return {IoStep::Kind::kWantWrite}; }
    std::string_view protocol() const override { return kAlpnH2; }
    std::uint64_t received() const override { return 0; }
    std::uint64_t sent() const override { return 0; }
    std::string error_text() const override { return {}; }
  };
  class Told final : public Attempt {
   public:
    explicit Told(ToldDialer& dialer) : dialer_(dialer) {}
    Told(const Told&) = delete;
    Told& operator=(const Told&) = delete;
    ~Told() override { --dialer_.under_way; }
    bool is_queued() const override { return dialer_.queues; }

   private:
    ToldDialer& dialer_;
  };
};

class AutoDialerTest : public testing::Test {
 protected:
  AutoDialerTest() {
    auto first = std::make_unique<ToldDialer>();
    auto second = std::make_unique<ToldDialer>();
    tcp = first.get();
    quic = second.get();
    dialer.emplace(loop, std::move(first), std::move(second));
  }
  void hear() { dialer->heard_alternatives(url, R"(h3=":8444"; ma=60)", Clock::now()); }
  void dial() {
    outcome.reset();
    attempt = dialer->dial(url, [this](Dialled dialled) { outcome.emplace(std::move(dialled)); });
  }
  void wait(Duration length) {
    const auto lasts = asio::make_work_guard(loop);
    loop.restart();
    loop.run_for(length);
  }

  asio::io_context loop{1};
  Url url{"https", "edge.example", 8443, "/"};
  ToldDialer* tcp = nullptr;
  ToldDialer* quic = nullptr;
  std::optional<AutoDialer> dialer;
  std::unique_ptr<Dialer::Attempt> attempt;
  std::optional<Dialled> outcome;
};

TEST_F(AutoDialerTest, GoesOverTcpUntilAnAlternativeIsKnown) {
  dial();
  EXPECT_EQ(tcp->urls.size(), 1U);
  EXPECT_TRUE(quic->urls.empty());
  tcp->is_up();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->alternative, Alternative::kNone);
}

TEST_F(AutoDialerTest, GoesToTheAlternativesPortAndLeavesTcpAloneWhereThatIsUpInTime) {
  hear();
  dial();
  ASSERT_EQ(quic->urls.size(), 1U);
  EXPECT_EQ(quic->urls[0].port, 8444);
  EXPECT_EQ(quic->urls[0].host, url.host);
  quic->is_up();
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->is_up());
  EXPECT_EQ(outcome->alternative, Alternative::kTaken);
  wait(AutoDialer::kHeadStart + 50ms);
  EXPECT_TRUE(tcp->urls.empty());
}

TEST_F(AutoDialerTest, FallsBackWhereQuicIsSilentAndTellsHowLate) {
  hear();
  dial();
  wait(AutoDialer::kHeadStart - 100ms);
  EXPECT_TRUE(tcp->urls.empty());
  wait(200ms);
  ASSERT_EQ(tcp->urls.size(), 1U);
  EXPECT_EQ(tcp->urls[0].port, url.port);
  EXPECT_EQ(quic->under_way, 1) << "it may still be up first";
  tcp->is_up();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->alternative, Alternative::kFellBack);
  EXPECT_GE(outcome->fell_back_after, AutoDialer::kHeadStart);
  EXPECT_LT(outcome->fell_back_after, AutoDialer::kHeadStart + 150ms);
  EXPECT_EQ(quic->under_way, 0);
}

TEST_F(AutoDialerTest, FallsBackAtOnceWhereQuicIsRefusedAndTriesAgainAfterASecond) {
  hear();
  dial();
  quic->fails();
  ASSERT_EQ(tcp->urls.size(), 1U);
  tcp->is_up();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->alternative, Alternative::kFellBack);
  EXPECT_LT(outcome->fell_back_after, 50ms);
  dial();
  EXPECT_EQ(quic->urls.size(), 1U) << "it is left alone";
  tcp->is_up();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->alternative, Alternative::kAvoided);
  wait(1100ms);
  dial();
  EXPECT_EQ(quic->urls.size(), 2U);
}

TEST_F(AutoDialerTest, IsNotToldOfAFallBackWhereTcpFailsToo) {
  hear();
  dial();
  quic->fails();
  tcp->fails();
  ASSERT_TRUE(outcome);
  EXPECT_FALSE(outcome->is_up());
  EXPECT_EQ(outcome->alternative, Alternative::kNone);
  dial();
  EXPECT_EQ(quic->urls.size(), 2U) << "the server is away: nothing is wrong with QUIC";
}

TEST_F(AutoDialerTest, TakesQuicThatIsUpAfterTcpHasFailed) {
  hear();
  dial();
  wait(AutoDialer::kHeadStart + 50ms);
  ASSERT_EQ(tcp->urls.size(), 1U);
  tcp->fails();
  EXPECT_FALSE(outcome);
  quic->is_up();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->alternative, Alternative::kTaken);
}

TEST_F(AutoDialerTest, GoesOverTcpOnceAConnectionHasTurnedSilent) {
  hear();
  dialer->alternative_failed(url, Clock::now());
  dial();
  EXPECT_TRUE(quic->urls.empty());
  tcp->is_up();
  EXPECT_EQ(outcome->alternative, Alternative::kAvoided);
}

/// Where the DNS is asked, and answers when the test says so.
class AutoDialerRecordTest : public AutoDialerTest {
 protected:
  AutoDialerRecordTest() {
    auto first = std::make_unique<ToldDialer>();
    auto second = std::make_unique<ToldDialer>();
    tcp = first.get();
    quic = second.get();
    dialer.emplace(loop, std::move(first), std::move(second),
                   [this](const Url& /*of*/, Resolver::ServicesDone done) {
                     questions.push_back(std::move(done));
                   });
  }
  void answer(Duration holds, const std::string& target = {}) {
    ServiceRecord record;
    record.priority = 1;
    record.alpn = {"h3"};
    record.holds = holds;
    record.target = target;
    questions.back()({{record}, {}});
  }

  std::vector<Resolver::ServicesDone> questions;
};

TEST_F(AutoDialerRecordTest, AsksBesideTheFirstAttemptWhichDoesNotWait) {
  dial();
  EXPECT_EQ(questions.size(), 1U);
  EXPECT_EQ(tcp->urls.size(), 1U);
  answer(60s);
  dial();
  ASSERT_EQ(quic->urls.size(), 1U);
  EXPECT_EQ(quic->urls[0].port, url.port);
  quic->is_up();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->alternative, Alternative::kTaken);
  EXPECT_TRUE(outcome->is_by_record);
  EXPECT_EQ(counts_of_alternative(*outcome).alternatives_by_record, 1U);
  EXPECT_EQ(questions.size(), 1U) << "the answer still holds";
}

TEST_F(AutoDialerRecordTest, AsksAgainWhenTheAnswerHoldsNoMoreButAtMostOnceASecond) {
  dial();
  dial();
  EXPECT_EQ(questions.size(), 1U) << "it is being asked";
  answer(0s);
  dial();
  EXPECT_EQ(questions.size(), 1U);
  EXPECT_TRUE(quic->urls.empty()) << "it does not hold";
  wait(1100ms);
  dial();
  EXPECT_EQ(questions.size(), 2U);
}

TEST_F(AutoDialerRecordTest, AFailureLeavesItAtTcp) {
  dial();
  questions.back()({{}, "Timeout while contacting DNS servers"});
  dial();
  EXPECT_TRUE(quic->urls.empty());
  EXPECT_EQ(tcp->urls.size(), 2U);
  EXPECT_EQ(questions.size(), 1U);
}

TEST_F(AutoDialerRecordTest, DoesNotFollowARecordToAnotherHost) {
  dial();
  answer(60s, "other.example");
  dial();
  EXPECT_TRUE(quic->urls.empty());
}

TEST_F(AutoDialerRecordTest, AnAnswerThatComesWhenItIsGoneHurtsNobody) {
  dial();
  attempt.reset();
  dialer.reset();
  answer(60s);
}

TEST_F(AutoDialerTest, DoesNotTakeItsOwnQueueForTheSilenceOfTheNetwork) {
  hear();
  quic->queues = true;
  dial();
  wait(AutoDialer::kHeadStart + 100ms);
  EXPECT_TRUE(tcp->urls.empty()) << "nothing has been sent yet";
  quic->begin();
  wait(AutoDialer::kHeadStart - 100ms);
  EXPECT_TRUE(tcp->urls.empty());
  wait(200ms);
  ASSERT_EQ(tcp->urls.size(), 1U);
  tcp->is_up();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->alternative, Alternative::kFellBack);
  EXPECT_GE(outcome->fell_back_after, AutoDialer::kHeadStart);
  EXPECT_LT(outcome->fell_back_after, 2 * AutoDialer::kHeadStart) << "the wait is not lost to QUIC";
}

TEST_F(AutoDialerTest, LetsThoseInTheQueueGoOverTcpOnceAnotherHasFallenBack) {
  hear();
  quic->queues = true;
  std::vector<Alternative> ways;
  std::vector<std::unique_ptr<Dialer::Attempt>> attempts;
  for (int i = 0; i < 3; ++i) {
    attempts.push_back(dialer->dial(
        url, [&ways](const Dialled& dialled) { ways.push_back(dialled.alternative); }));
  }
  EXPECT_EQ(quic->under_way, 3);
  dialer->alternative_failed(url, Clock::now());
  EXPECT_EQ(quic->under_way, 0);
  ASSERT_EQ(tcp->urls.size(), 3U);
  tcp->is_up();
  EXPECT_EQ(ways, std::vector{Alternative::kAvoided});
  wait(AutoDialer::kHeadStart + 50ms);
  EXPECT_EQ(tcp->urls.size(), 3U);
}

TEST_F(AutoDialerTest, LeavesThoseUnderWayWhenAnotherFallsBack) {
  hear();
  dial();
  dialer->alternative_failed(url, Clock::now());
  EXPECT_EQ(quic->under_way, 1);
  EXPECT_TRUE(tcp->urls.empty());
  quic->is_up();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->alternative, Alternative::kTaken);
}

TEST_F(AutoDialerTest, DoesNothingMoreOnceAnAttemptIsGivenUp) {
  hear();
  dial();
  attempt.reset();
  EXPECT_EQ(quic->under_way, 0);
  wait(AutoDialer::kHeadStart + 50ms);
  EXPECT_TRUE(tcp->urls.empty());
  EXPECT_FALSE(outcome);
}

}  // namespace
}  // namespace squall::generators
