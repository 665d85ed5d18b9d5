#include "harness/agent/fault_runner.h"

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "faults/core/recover.h"
#include "harness/agent/fault_record.h"

#include "tests/support/fake_networks.h"
#include "tests/support/fake_process_table.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::agent {
namespace {

using namespace std::chrono_literals;
using State = reports::FaultRecord::State;
using testing::HasSubstr;
using testing::Not;

constexpr auto kPatience = 20s;

/// The last that was told of each fault.
class Told {
 public:
  void note(const reports::FaultRecord& record) {
    const std::lock_guard lock(mutex_);
    last_[record.label] = record;
    news_.notify_all();
  }
  bool comes_to(const std::string& label, State state) {
    std::unique_lock lock(mutex_);
    return news_.wait_for(lock, kPatience, [&] {
      const auto found = last_.find(label);
      return found != last_.end() && found->second.state == state;
    });
  }
  bool is_told_of(const std::string& label) {
    std::unique_lock lock(mutex_);
    return news_.wait_for(lock, kPatience, [&] { return last_.contains(label); });
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    last_.clear();
  }
  reports::FaultRecord of(const std::string& label) {
    const std::lock_guard lock(mutex_);
    return last_[label];
  }

 private:
  std::mutex mutex_;
  std::condition_variable news_;
  std::map<std::string, reports::FaultRecord> last_;
};

/// A network of which packets leave only once a STOP has been undone.
class CongestedNetworks : public faults::FakeNetworks {
 public:
  explicit CongestedNetworks(Told& told) : told_(told) { keep_waiting(1); }
  void pause(Duration) override {
    if (!stop_was_undone_) stop_was_undone_ = told_.comes_to("stop", State::kUndone);
  }
  std::optional<bool> stop_was_undone() const { return stop_was_undone_; }

 private:
  Told& told_;
  std::optional<bool> stop_was_undone_;
};

/// Processes that take their time to be let go on.
class SluggishProcesses : public faults::FakeProcessTable {
 public:
  Result<void> signal(faults::ProcessId id, int signal) override {
    if (signal == SIGCONT) std::this_thread::sleep_for(late);
    return FakeProcessTable::signal(id, signal);
  }
  Duration late{};
};

faults::FaultSpec named(const std::string& name) {
  faults::FaultSpec spec;
  spec.name = name;
  return spec;
}

scenarios::PlannedFault planned(const std::string& name, Duration to) {
  scenarios::PlannedFault one;
  one.name = name;
  one.label = name;
  one.to = to;
  return one;
}

class FaultRunnerTest : public testing::Test {
 protected:
  void SetUp() override {
    networks_.is_own_ = true;
    processes_.add(::getpid(), "agent");
    processes_.add(4711, "victim");
    begin_anew();
  }

  /// With an empty journal.
  void begin_anew() {
    services_.reset();
    auto boot = faults::boot_id();
    ASSERT_TRUE(ok(boot));
    auto journal = faults::Journal::open(folder_.path(), {{77, 5000}, *boot});
    ASSERT_TRUE(ok(journal));
    journal_ = *std::move(journal);
    auto services = services::Services::make({}, {folder_.path(), folder_.path()}, *journal_,
                                             processes_, nullptr, nullptr);
    ASSERT_TRUE(ok(services));
    services_ = *std::move(services);
    auto sites = NetworkSites::make(networks_, processes_, faults::Capabilities::all());
    ASSERT_TRUE(ok(sites));
    sites_ = *std::move(sites);
  }

  void add_stop(Duration to) {
    faults::FaultSpec spec = named("stop");
    faults::ProcessFault stop;
    stop.signal = SIGSTOP;
    stop.match.name = "victim";
    spec.what = stop;
    specs_.push_back(spec);
    planned_.push_back(planned("stop", to));
  }

  void add_delay(Duration to, const std::string& name = "slow", Duration from = {}) {
    faults::FaultSpec spec = named(name);
    faults::NetworkFault slow;
    slow.interface = "va";
    slow.delay = 40ms;
    spec.what = slow;
    specs_.push_back(spec);
    planned_.push_back(planned(name, to));
    planned_.back().from = from;
  }

  std::unique_ptr<FaultRunner> start(std::function<Result<void>()> check_guard = nullptr) {
    auto runner = std::make_unique<FaultRunner>(
        planned_, specs_,
        FaultRunner::Means{.processes = processes_,
                           .journal = *journal_,
                           .services = *services_,
                           .networks = sites_.get(),
                           .pressure = {},
                           .loads = nullptr,
                           .scope = {},
                           .about_to_hit = [](const std::string&) {},
                           .check_guard = std::move(check_guard)},
        [this](const reports::FaultRecord& record) { told_.note(record); });
    runner->start(std::chrono::steady_clock::now());
    return runner;
  }

  Told told_;
  TemporaryFolder folder_;
  SluggishProcesses processes_;
  CongestedNetworks networks_{told_};
  std::unique_ptr<faults::Journal> journal_;
  std::unique_ptr<services::Services> services_;
  std::unique_ptr<NetworkSites> sites_;
  std::vector<faults::FaultSpec> specs_;
  std::vector<scenarios::PlannedFault> planned_;
};

TEST_F(FaultRunnerTest, EndsAFaultAtItsTimeWhileAnotherIsStillBeingTakenBack) {
  const auto before = networks_.state();
  add_delay(400ms);
  add_stop(500ms);
  const auto runner = start();
  EXPECT_TRUE(told_.comes_to("stop", State::kUndone));
  runner->stop();
  EXPECT_EQ(networks_.stop_was_undone(), true) << "what was delayed left only afterwards";
  const auto slow = told_.of("slow");
  EXPECT_THAT(slow.error, HasSubstr("no packet")) << "of which there was none";
  EXPECT_EQ(networks_.state(), before);
  EXPECT_EQ(journal_->open_changes(), 0U);
  EXPECT_TRUE(runner->is_done());
}

TEST_F(FaultRunnerTest, LeavesNothingBehindOfOneThatWaitedForAnotherWhicheverCallIsRefused) {
  networks_.keep_waiting(0);
  const auto before = networks_.state();
  // So long that it comes first also where others have the cores.
  add_delay(20ms, "earlier");
  add_delay(1h, "later", 20ms);
  // What it looks at is looked at again where the earlier changes it meanwhile; none of its changes
  // is made again, and both ways it makes many.
  std::get<faults::NetworkFault>(specs_.back().what).direction =
      faults::NetworkFault::Direction::kBoth;
  const auto live = [&] {
    told_.forget();
    const auto runner = start();
    EXPECT_TRUE(told_.is_told_of("later"));
    runner->stop();
  };
  networks_.refuse_call(0);
  live();
  EXPECT_EQ(told_.of("later").state, State::kUndone);
  EXPECT_EQ(networks_.state(), before);
  const int calls = networks_.calls();
  ASSERT_GT(calls, 40);
  std::map<State, int> ends;
  // Which of the two a call is of is different each time: another round, should it be the earlier
  // whose calls were refused almost always.
  constexpr int kRounds = 3;
  const auto is_enough = [&] { return ends[State::kFailed] > 5; };
  for (int at = 0; at < kRounds * calls && !HasFailure(); ++at) {
    if (at % calls == 0 && is_enough()) break;
    const int call = at % calls + 1;
    SCOPED_TRACE("call " + std::to_string(call));
    begin_anew();
    networks_.refuse_call(call);
    live();
    networks_.refuse_call(0);
    ++ends[told_.of("later").state];
    const auto report = faults::recover(folder_.path(), processes_,
                                        {.owners_are_dead = true, .networks = &networks_});
    ASSERT_TRUE(ok(report));
    EXPECT_TRUE(report->is_clean());
    EXPECT_EQ(networks_.state(), before);
  }
  EXPECT_GT(ends[State::kUndone], 20) << "what is refused of the one is not the other's";
  EXPECT_TRUE(is_enough()) << ends[State::kFailed] << " times what is refused of it was told of it";
}

TEST_F(FaultRunnerTest, AppliesNothingThatNobodyWouldUndoIfItDied) {
  const auto before = networks_.state();
  add_stop(1h);
  add_delay(1h);
  const auto runner = start(
      [] { return Result<void>(error(std::errc::operation_canceled, "the reaper has gone")); });
  for (const char* name : {"stop", "slow"}) {
    ASSERT_TRUE(told_.comes_to(name, State::kFailed)) << name;
    EXPECT_THAT(told_.of(name).error, HasSubstr("the reaper has gone"));
  }
  EXPECT_EQ(networks_.state(), before);
  EXPECT_EQ(journal_->open_changes(), 0U);
  EXPECT_EQ(processes_.look_up(4711)->state, 'S');
}

TEST_F(FaultRunnerTest, TellsThatAFaultWasInForceForLongerThanAskedFor) {
  processes_.late = 100ms;
  add_stop(20ms);
  const auto runner = start();
  ASSERT_TRUE(told_.comes_to("stop", State::kUndone));
  EXPECT_THAT(told_.of("stop").seen, HasSubstr("longer than asked for"));
}

TEST_F(FaultRunnerTest, SaysNothingOfTheLengthOfOneThatWasCutShort) {
  add_stop(1h);
  const auto runner = start();
  ASSERT_TRUE(told_.comes_to("stop", State::kInForce));
  runner->stop();
  ASSERT_TRUE(told_.comes_to("stop", State::kUndone));
  EXPECT_THAT(told_.of("stop").seen, Not(HasSubstr("asked for")));
}

reports::FaultRecord after(Duration asked, Duration actual) {
  reports::FaultRecord record;
  record.state = State::kInForce;
  note_length(record, asked, actual);
  return record;
}

TEST(FaultLength, IsToldWhereItIsNotablyNotWhatWasAskedFor) {
  EXPECT_EQ(after(100ms, 357ms).seen, "; in force for 357 ms, 257 ms longer than asked for");
  EXPECT_EQ(after(10s, 8s).seen, "; in force for 8 s, 2 s shorter than asked for");
  EXPECT_EQ(after(100ms, 149ms).seen, "");
  EXPECT_EQ(after(1s, 1090ms).seen, "");
  EXPECT_EQ(after(60s, 60'900ms).seen, "");
  EXPECT_EQ(after(60s, 61'500ms).seen, "; in force for 61.5 s, 1.5 s longer than asked for");
}

TEST(FaultLength, OfLessThanHalfOfWhatWasAskedForIsIneffective) {
  EXPECT_EQ(after(2s, 1s).state, State::kInForce);
  EXPECT_EQ(after(2s, 900ms).state, State::kIneffective);
  EXPECT_EQ(after(1800ms, 12ms).error, "it was in force for 12 ms of 1.8 s");
}

TEST(FaultLateness, IsToldWhereItIsNotable) {
  reports::FaultRecord record;
  note_late(record, 90ms);
  EXPECT_EQ(record.seen, "");
  note_late(record, 1800ms);
  EXPECT_EQ(record.seen, "; it came 1.8 s late");
}

TEST(FaultLateness, UntilItsEndIsNeverToHaveBeenInForce) {
  reports::FaultRecord record;
  record.from = 3s;
  note_never(record);
  EXPECT_EQ(record.state, State::kIneffective);
  EXPECT_FALSE(record.from);
  EXPECT_EQ(record.error, "it never came: other faults held it up until its time was over");
}

}  // namespace
}  // namespace squall::agent
