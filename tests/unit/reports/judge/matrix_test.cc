#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/judge/matrix_words.h"
#include "reports/judge/run_result.h"

#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;
using End = CapacityRecord::End;

MatrixRow row(const std::string& name, double good, double bad) {
  MatrixRow made;
  made.name = name;
  made.from = 0;
  made.to = 60;
  made.capacity.load = "browse";
  made.capacity.low = {50};
  made.capacity.high = {4000};
  made.capacity.confidence = 0.95;
  made.capacity.hold = 15;
  made.capacity.end = End::kFound;
  made.capacity.is_verified = true;
  made.capacity.good = Rate{good};
  made.capacity.bad = Rate{bad};
  if (name != "without faults") made.capacity.faults = made.labels = {name};
  return made;
}

/// A run of a matrix of two rows, the second with a fault that was in force and is undone.
class JudgedMatrix : public testing::Test {
 protected:
  JudgedMatrix() : run_(good_run()) {
    run_.is_stopped("gone", 2s, 4s);
    RunRecord& record = run_.record();
    record.matrix = {row("without faults", 1000, 1100), row("gone", 610, 650)};
    for (MatrixRow& one : record.matrix) one.capacity.load = record.scenario.loads.front().name;
    record.scenario.capacity.emplace();
    record.scenario.capacity->search = record.scenario.loads.front().name;
  }
  RunResult judged() {
    run_.record().capacity = rows().front().capacity;
    return judge(run_.record());
  }
  std::vector<MatrixRow>& rows() { return run_.record().matrix; }

  SampleRun run_;
};

TEST_F(JudgedMatrix, PassesAndSaysWhichShareEachRowHolds) {
  const RunResult result = judged();
  EXPECT_EQ(result.verdict, Verdict::kPass);
  EXPECT_THAT(result.reasons.front(),
              HasSubstr("without faults objectives held up to 1,000/s; with gone up to 610/s, 61 % "
                        "of that"));
  ASSERT_THAT(result.matrix, SizeIs(2));
  EXPECT_THAT(result.matrix[1].sentence, HasSubstr("; 61 % of its capacity without faults"));
  ASSERT_THAT(result.matrix[1].faults, SizeIs(1));
  EXPECT_TRUE(result.matrix[1].faults[0].is_verified);
  EXPECT_FALSE(result.faults.front().impact);
}

TEST_F(JudgedMatrix, FailsWhereARowDoesNotHoldEvenTheLowestRate) {
  rows()[1].capacity.end = End::kNoneHolds;
  rows()[1].capacity.good.reset();
  rows()[1].capacity.bad = Rate{50};
  const RunResult result = judged();
  EXPECT_EQ(result.verdict, Verdict::kFail);
  EXPECT_THAT(result.reasons.front(), HasSubstr("does not hold even 50/s with gone"));
  EXPECT_THAT(result.reasons.front(), HasSubstr("at most 5 % of its capacity without faults"));
}

TEST_F(JudgedMatrix, IsInvalidWhereTheGeneratorWasTheLimitOfARow) {
  rows()[1].capacity.end = End::kGenerator;
  rows()[1].capacity.generator = Rate{900};
  EXPECT_EQ(judged().verdict, Verdict::kInvalid);
}

TEST_F(JudgedMatrix, IsAbortedByARowThatWasCutShortAndTellsOfThoseNotBegunTogether) {
  rows()[1].capacity.end = End::kCut;
  rows()[1].capacity.why_cut = "its deadline of 60 s had come";
  for (const char* name : {"slow", "lost"}) {
    MatrixRow later = row(name, 1, 2);
    later.from.reset();
    later.capacity.end = End::kCut;
    later.capacity.good.reset();
    later.capacity.bad.reset();
    later.capacity.why_cut = "it was not begun: fault gone could not be undone";
    rows().push_back(later);
  }
  const RunResult result = judged();
  EXPECT_EQ(result.verdict, Verdict::kAborted);
  EXPECT_THAT(result.reasons, SizeIs(2));
  EXPECT_THAT(result.reasons, Contains(HasSubstr("its deadline of 60 s had come")));
  EXPECT_THAT(result.reasons, Contains("matrix: 2 of 4 rows without an answer (slow, lost): it was "
                                       "not begun: fault gone could not be undone"));
}

TEST_F(JudgedMatrix, IsIneffectiveWhereTheFaultOfARowDidNotHappenAsAsked) {
  run_.record().faults.front().state = FaultRecord::State::kIneffective;
  run_.record().faults.front().error = "loss was 0 %";
  const RunResult result = judged();
  EXPECT_EQ(result.verdict, Verdict::kIneffective);
  EXPECT_FALSE(result.matrix[1].faults[0].is_verified);
  EXPECT_EQ(result.matrix[1].faults[0].seen, "loss was 0 %");
}

TEST(ShareInWords, SaysAsMuchAsIsKnown) {
  EXPECT_EQ(share_in_words({.value = 0.614, .low = 0.58, .high = 0.65}), "61 %");
  EXPECT_EQ(share_in_words({.value = {}, .low = 0.58, .high = 0.65}), "58 % to 65 %");
  EXPECT_EQ(share_in_words({.value = {}, .low = 0.98, .high = {}}), "at least 98 %");
  EXPECT_EQ(share_in_words({.value = {}, .low = {}, .high = 0.05}), "at most 5 %");
  EXPECT_EQ(share_in_words({}), "an unknown share");
}

}  // namespace
}  // namespace squall::reports
