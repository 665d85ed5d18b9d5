#include "harness/agent/fault_threads.h"

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::agent {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 20s;

bool comes(std::future<void>& moment) {
  return moment.wait_for(kPatience) == std::future_status::ready;
}

FaultThreads::Course course(
    FaultThreads::Apply apply, FaultThreads::Undo undo = [](WhyUndone) {},
    FaultThreads::Undo miss = [](WhyUndone) {}) {
  return {.apply = std::move(apply), .undo = std::move(undo), .miss = std::move(miss)};
}

/// One in a place that is told to end, and goes only when it may.
class FaultThreadsTest : public testing::Test {
 protected:
  void begin_one_that_stays() {
    std::promise<void> came;
    threads_.begin("a", "lo",
                   course([&] { came.set_value(); },
                          [this, may = may_go_.get_future().share()](WhyUndone) {
                            may.wait_for(kPatience);
                            is_gone_ = true;
                          }));
    auto moment = came.get_future();
    ASSERT_TRUE(comes(moment));
    EXPECT_TRUE(threads_.end("a", WhyUndone::kItsEnd));
    EXPECT_FALSE(threads_.end("a", WhyUndone::kItsEnd)) << "it was told already";
  }

  std::promise<void> may_go_;
  std::atomic<bool> is_gone_ = false;
  FaultThreads threads_;
};

TEST_F(FaultThreadsTest, LetOneThatComesWaitForThoseThatAreStillGoingFromItsPlace) {
  begin_one_that_stays();
  std::promise<void> elsewhere_came;
  std::promise<void> next_came;
  std::atomic<bool> was_gone_before = false;
  threads_.begin("a#2", "lo", course([&] {
                   was_gone_before = is_gone_.load();
                   next_came.set_value();
                 }));
  threads_.begin("b", "eth0", course([&] { elsewhere_came.set_value(); }));
  auto elsewhere = elsewhere_came.get_future();
  EXPECT_TRUE(comes(elsewhere)) << "one in another place waits for nobody";
  EXPECT_FALSE(is_gone_);
  may_go_.set_value();
  auto next = next_came.get_future();
  EXPECT_TRUE(comes(next));
  EXPECT_TRUE(was_gone_before);
  EXPECT_FALSE(threads_.is_idle());
  threads_.end_all(WhyUndone::kRunIsOver);
  threads_.wait();
  EXPECT_TRUE(threads_.is_idle());
}

TEST_F(FaultThreadsTest, LetTheNextComeOnceTheOneBeforeHasLeftThoughItIsNotUndone) {
  std::promise<void> came;
  std::atomic<bool> has_left = false;
  auto before = course([&] { came.set_value(); },
                       [this, may = may_go_.get_future().share()](WhyUndone) {
                         may.wait_for(kPatience);
                         is_gone_ = true;
                       });
  before.leave = [&] { has_left = true; };
  threads_.begin("a", "lo", std::move(before));
  auto moment = came.get_future();
  ASSERT_TRUE(comes(moment));
  EXPECT_FALSE(has_left);
  threads_.end("a", WhyUndone::kItsEnd);
  std::promise<void> next_came;
  std::atomic<bool> had_left = false;
  threads_.begin("b", "lo", course([&] {
                   had_left = has_left.load();
                   next_came.set_value();
                 }));
  auto next = next_came.get_future();
  EXPECT_TRUE(comes(next));
  EXPECT_TRUE(had_left);
  EXPECT_FALSE(is_gone_);
  may_go_.set_value();
  threads_.end_all(WhyUndone::kRunIsOver);
  threads_.wait();
  EXPECT_TRUE(is_gone_);
}

TEST_F(FaultThreadsTest, NeverBringWhatIsToldToEndWhileItWaits) {
  for (const WhyUndone why : {WhyUndone::kItsEnd, WhyUndone::kOperator, WhyUndone::kRunIsOver}) {
    may_go_ = {};
    begin_one_that_stays();
    bool has_come = false;
    std::optional<WhyUndone> missed;
    threads_.begin("a#2", "lo",
                   course([&] { has_come = true; }, [&](WhyUndone) { has_come = true; },
                          [&](WhyUndone told) { missed = told; }));
    EXPECT_TRUE(threads_.end("a#2", why));
    threads_.end_all(WhyUndone::kRunIsOver);
    may_go_.set_value();
    threads_.wait();
    EXPECT_FALSE(has_come);
    EXPECT_EQ(missed, why);
  }
}

TEST_F(FaultThreadsTest, BringWhatIsAMomentThoughItsEndIsToldAtOnce) {
  bool has_come = false;
  FaultThreads::Course moment = course([&] { has_come = true; });
  moment.is_moment = true;
  threads_.begin("a", "", std::move(moment));
  EXPECT_TRUE(threads_.end("a", WhyUndone::kItsEnd));
  threads_.wait();
  EXPECT_TRUE(has_come);
}

/// Faults of one turn that write down what is done of them.
class FaultThreadsInTurn : public FaultThreadsTest {
 protected:
  void begin(const std::string& name) {
    FaultThreads::Course one = course(
        [this, name] {
          if (name == "first") first_came_.set_value();
          if (name == "first") may_go_on_.wait_for(kPatience);
          done_.push_back(name + " comes");
          if (name == "last") last_came_.set_value();
        },
        [this, name](WhyUndone) { done_.push_back(name + " goes"); },
        [this, name](WhyUndone) { done_.push_back(name + " is missed"); });
    one.turn = "processes";
    threads_.begin(name, "", std::move(one));
  }

  std::vector<std::string> done_;  // No lock: that it is one at a time is what is claimed.
  std::promise<void> first_came_;
  std::promise<void> last_came_;
  std::shared_future<void> may_go_on_ = may_go_.get_future().share();
};

TEST_F(FaultThreadsInTurn, ComeAndGoOneAtATimeInTheOrderInWhichTheyWereToldTo) {
  begin("first");
  auto first = first_came_.get_future();
  ASSERT_TRUE(comes(first));
  begin("second");
  begin("third");
  threads_.end("first", WhyUndone::kItsEnd);
  threads_.end("third", WhyUndone::kOperator);
  begin("last");
  std::promise<void> came;
  threads_.begin("other", "", course([&] { came.set_value(); }));
  auto other = came.get_future();
  EXPECT_TRUE(comes(other)) << "one of no turn waits for nobody";
  may_go_.set_value();
  auto last = last_came_.get_future();
  ASSERT_TRUE(comes(last));
  threads_.end("last", WhyUndone::kItsEnd);
  threads_.end("second", WhyUndone::kItsEnd);
  threads_.end_all(WhyUndone::kRunIsOver);
  threads_.wait();
  EXPECT_THAT(done_, testing::ElementsAre("first comes", "second comes", "third is missed",
                                          "first goes", "last comes", "last goes", "second goes"));
}

}  // namespace
}  // namespace squall::agent
