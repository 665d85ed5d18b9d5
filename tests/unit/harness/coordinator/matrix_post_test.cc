#include "harness/coordinator/matrix_post.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::coordinator {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using End = reports::CapacityRecord::End;
using State = reports::FaultRecord::State;

/// A target that answers in 10 ms up to a rate, and at that rate, in 400 ms, beyond it, and a run
/// that does what the post says: time goes by in steps of a quarter of a second.
class MatrixPosts : public testing::Test {
 protected:
  MatrixPosts() {
    record_.scenario.targets.emplace_back().name = "web";
    record_.scenario.targets.back().reconnect.up_to = 3s;
    generators::LoadSpec load;
    load.name = "browse";
    load.target = "web";
    load.schedule = generators::OpenSpec{};
    record_.scenario.loads.push_back(load);
    scenarios::ObjectiveSpec fast;
    fast.name = "fast";
    fast.load = "browse";
    fast.within = 100ms;
    fast.goal = {0.99};
    record_.scenario.objectives.push_back(fast);
    scenarios::CapacitySpec& capacity = record_.scenario.capacity.emplace();
    capacity.search = "browse";
    capacity.low = {50};
    capacity.high = {5000};
    capacity.start = {500};
    capacity.hold = 5s;
    capacity.deadline = 3min;
    row("without faults", "", 1000);
  }

  /// A row with this fault, in which the target bears so much.
  void row(const std::string& name, const std::string& fault, double bears) {
    scenarios::Scenario& scenario = record_.scenario;
    scenario.matrix.push_back({name, {}});
    bears_[name] = bears;
    const std::size_t row = scenario.matrix.size() - 1;
    const Duration from = static_cast<std::int64_t>(row) * (3min + scenarios::kBetweenRows);
    record_.plan.rows.push_back({name, from, from + 3min});
    std::get<generators::OpenSpec>(scenario.loads.front().schedule).stages = {
        {{50}, {50}, from + 3min}};
    if (fault.empty()) return;
    scenario.matrix.back().faults = {fault};
    scenarios::PlannedFault planned;
    planned.name = planned.label = fault;
    planned.from = from + 1s;
    planned.to = from + 3min;
    planned.row = row;
    record_.plan.faults.push_back(planned);
    reports::FaultRecord& seen = record_.faults.emplace_back();
    seen.name = seen.label = fault;
  }

  /// Runs to the end, or to this time.
  void run(Duration until = 1h) {
    if (!post_) post_.emplace(record_.scenario, record_.plan);
    for (; !post_->is_done() && now_ < until; now_ += 250ms) {
      if (now_ % 1s == 0s && now_ > 0s) measure(now_ / 1s - 1);
      come_and_go();
      obey(post_->look(record_, now_));
    }
  }

  void obey(const MatrixOrders& orders) {
    if (orders.pace) paces_[orders.pace->at / 1s] = orders.pace->rate.per_second;
    if (orders.begin) {
      current_ = orders.begin->row;
      begun_ = orders.begin->at;
    }
    if (!orders.ends_row) return;
    for (reports::FaultRecord& fault : record_.faults) {
      if (fault.state != State::kInForce) continue;
      fault.state = after_undo_;
      if (after_undo_ != State::kInForce) fault.to = now_;
    }
  }

  /// The faults of the row, a second after its begin.
  void come_and_go() {
    for (const auto& planned : record_.plan.faults) {
      reports::FaultRecord& fault = record_.faults[planned.row - 1];
      if (planned.row != current_ || fault.from || now_ < begun_ + 1s) continue;
      fault.from = now_;
      fault.state = applied_;
      if (applied_ != State::kInForce) fault.from.reset();
    }
  }

  void measure(std::int64_t second) {
    double rate = 50;
    for (const auto& [from, paced] : paces_) {
      if (from <= second) rate = paced;
    }
    const double bears = bears_.at(record_.scenario.matrix[current_].name);
    const bool is_slow = rate > bears;
    reports::Snapshot snapshot;
    snapshot.sequence = ++sequence_;
    snapshot.second = second;
    reports::LoadSecond& load = snapshot.cells.emplace_back();
    load.load = "browse";
    load.second = second;
    const auto requests = static_cast<std::uint64_t>(rate);
    load.cell.due = load.cell.sent = load.cell.ok_by_due = requests;
    load.cell.completed = load.cell.ok = static_cast<std::uint64_t>(std::min(rate, bears));
    for (std::uint64_t i = 0; i < requests; ++i) {
      load.cell.of(reports::Metric::kResponse).record(is_slow ? 400ms : 10ms);
      load.cell.ok_response.record(is_slow ? 400ms : 10ms);
      load.cell.of(reports::Metric::kLateness).record(10us);
    }
    record_.ledger.add("agent-1", snapshot);
  }

  const reports::CapacityRecord& capacity(std::size_t row) const {
    return post_->rows()[row].capacity;
  }

  reports::RunRecord record_;
  std::optional<MatrixPost> post_;
  Duration now_{};
  std::size_t current_ = 0;
  Duration begun_{};
  State applied_ = State::kInForce;
  State after_undo_ = State::kUndone;
  std::map<std::string, double> bears_;
  std::map<std::int64_t, double> paces_;
  std::uint64_t sequence_ = 0;
};

TEST_F(MatrixPosts, FindTheCapacityOfEachRowOneAfterTheOther) {
  row("one-gone", "one-gone", 600);
  run();
  ASSERT_EQ(post_->rows().size(), 2U);
  for (const auto& [row, bears] : {std::pair{0U, 1000.0}, std::pair{1U, 600.0}}) {
    EXPECT_EQ(capacity(row).end, End::kFound) << capacity(row).why_cut;
    EXPECT_LE(capacity(row).good->per_second, bears);
    EXPECT_GT(capacity(row).bad->per_second, bears);
    EXPECT_GE(capacity(row).good->per_second, 0.9 * bears);
  }
  EXPECT_THAT(capacity(1).faults, ElementsAre("one-gone"));
  EXPECT_EQ(record_.faults.front().state, State::kUndone) << "the last row is ended as any other";
}

TEST_F(MatrixPosts, BeginARowOnlyWhenTheOneBeforeIsUndoneAndConnectionsHadTheTimeToComeBack) {
  row("one-gone", "one-gone", 600);
  row("slow", "slow", 800);
  run();
  const auto& undone = record_.faults[0].to;
  ASSERT_TRUE(undone);
  const reports::MatrixRow& slow = post_->rows()[2];
  EXPECT_GE(std::chrono::seconds(slow.from.value()), *undone + 3s);
  EXPECT_TRUE(slow.has_recovered);
  EXPECT_GE(slow.recovery.value(), 2);
  EXPECT_GT(*record_.faults[1].from, *undone);
  EXPECT_EQ(capacity(2).end, End::kFound);
}

TEST_F(MatrixPosts, OfferHalfOfWhatHoldsWithoutFaultsBetweenRows) {
  row("one-gone", "one-gone", 600);
  run();
  const std::int64_t from = post_->rows()[1].from.value();
  double between = 0;
  for (const auto& [second, rate] : paces_) {
    if (second <= from) between = rate;
  }
  EXPECT_DOUBLE_EQ(between, capacity(0).good->per_second / 2);
}

TEST_F(MatrixPosts, BeginNoFurtherRowAfterAFaultThatCouldNotBeUndone) {
  row("one-gone", "one-gone", 600);
  row("slow", "slow", 800);
  after_undo_ = State::kResidue;
  run();
  EXPECT_EQ(capacity(1).end, End::kFound);
  EXPECT_EQ(capacity(2).end, End::kCut);
  EXPECT_FALSE(post_->rows()[2].from);
  EXPECT_THAT(capacity(2).why_cut, HasSubstr("fault one-gone could not be undone"));
}

TEST_F(MatrixPosts, GiveUpOnAFaultOfWhichNobodyTellsThatItIsUndone) {
  row("one-gone", "one-gone", 600);
  row("slow", "slow", 800);
  after_undo_ = State::kInForce;
  run();
  EXPECT_THAT(capacity(2).why_cut, HasSubstr("were not undone in 30 s"));
}

TEST_F(MatrixPosts, GoOnAfterARowWhoseFaultCouldNotBePutInForce) {
  row("broken", "broken", 600);
  row("slow", "slow", 800);
  applied_ = State::kFailed;
  run(4min);
  EXPECT_EQ(capacity(1).end, End::kCut);
  EXPECT_THAT(capacity(1).why_cut, HasSubstr("could not be put in force"));
  EXPECT_TRUE(post_->rows()[2].from);
}

TEST_F(MatrixPosts, KeepWhatTheyHaveWhenTheyAreCutShort) {
  row("one-gone", "one-gone", 600);
  row("slow", "slow", 800);
  run(20s);
  post_->cut("stopped by SIGINT", now_);
  EXPECT_TRUE(post_->is_done());
  EXPECT_EQ(capacity(0).end, End::kCut);
  EXPECT_FALSE(capacity(0).probes.empty());
  EXPECT_EQ(capacity(2).why_cut, "it was not begun: stopped by SIGINT");
  EXPECT_FALSE(post_->shift_of(2));
}

TEST_F(MatrixPosts, TellTheStagesThatWereOffered) {
  row("one-gone", "one-gone", 600);
  run();
  Duration length{};
  for (const generators::Stage& stage : post_->stages_until(now_)) length += stage.length;
  EXPECT_EQ(length, now_);
  // It began before it might have at the latest, which is how much earlier its faults came.
  EXPECT_EQ(*post_->shift_of(1), record_.plan.rows[1].from - begun_);
}

}  // namespace
}  // namespace squall::coordinator
