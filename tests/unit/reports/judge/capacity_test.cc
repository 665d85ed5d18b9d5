#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/judge/capacity_words.h"
#include "reports/judge/run_result.h"

#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using End = CapacityRecord::End;

CapacityRecord found() {
  CapacityRecord record;
  record.load = "browse";
  record.low = {100};
  record.high = {20'000};
  record.confidence = 0.95;
  record.hold = 30;
  record.end = End::kFound;
  record.is_verified = true;
  record.good = Rate{4100};
  record.bad = Rate{4300};
  return record;
}

/// A run that searched, whose only objective was missed over all of it.
RunResult judged(End end) {
  SampleRun run = good_run();
  run.wants_within("fast", 1ms, 0.99);
  CapacityRecord capacity = found();
  capacity.load = run.record().scenario.loads.front().name;
  capacity.end = end;
  run.record().scenario.capacity.emplace();
  run.record().scenario.capacity->search = capacity.load;
  run.record().capacity = capacity;
  return judge(run.record());
}

TEST(JudgedCapacity, IsAPassWhenItWasFoundWhateverWasMissedBeyondIt) {
  const RunResult result = judged(End::kFound);
  EXPECT_EQ(result.verdict, Verdict::kPass);
  EXPECT_THAT(result.reasons.front(), HasSubstr("the target holds 4,100/s"));
  EXPECT_THAT(result.objectives, IsEmpty());
  ASSERT_TRUE(result.capacity);
}

TEST(JudgedCapacity, FailsWhereNothingHoldsAndIsInvalidWhereTheGeneratorWasTheLimit) {
  EXPECT_EQ(judged(End::kAllHold).verdict, Verdict::kPass);
  EXPECT_EQ(judged(End::kNoneHolds).verdict, Verdict::kFail);
  EXPECT_EQ(judged(End::kGenerator).verdict, Verdict::kInvalid);
  EXPECT_EQ(judged(End::kCut).verdict, Verdict::kAborted);
}

TEST(CapacityInWords, SaysWhatHoldsWhatWasRefutedAndWhatComesBeyond) {
  CapacityRecord record = found();
  record.past = CapacityRecord::Past::kCollapses;
  record.kept = 0.12;
  record.faults = {"web.3-gone"};
  EXPECT_EQ(capacity_in_words(record),
            "browse: the target holds 4,100/s with web.3-gone (lowest refuted 4,300/s, 95 % "
            "confidence; held for 30 s); beyond that it collapses: it still answers 12 % of the "
            "most that it answered");
}

TEST(CapacityInWords, NamesTheGeneratorAndNoCapacityWhereItWasTheLimit) {
  CapacityRecord record = found();
  record.end = End::kGenerator;
  record.is_verified = false;
  record.generator = Rate{61'000};
  EXPECT_EQ(capacity_in_words(record),
            "browse: the generator is the limit at 61,000/s, so this is no capacity of the target; "
            "4,100/s was good, not verified");
  record.lacks_streams = true;
  EXPECT_EQ(
      capacity_in_words(record),
      "browse: at 61,000/s requests waited for a stream while the target answered as fast as "
      "before, so this is no capacity of the target but of the load's connections and streams; "
      "4,100/s was good, not verified");
}

TEST(CapacityInWords, SaysThatNothingWasRefutedWhereItWasOnlyTooCloseToTell) {
  CapacityRecord record = found();
  record.bad.reset();
  EXPECT_EQ(capacity_in_words(record),
            "browse: the target holds 4,100/s (what is above was too close to tell, 95 % "
            "confidence; held for 30 s)");
  record.end = End::kNoneHolds;
  record.low = Rate{20};
  EXPECT_EQ(capacity_in_words(record),
            "browse: no rate was shown to hold: 20/s, the lowest, was too close to tell (95 % "
            "confidence)");
}

}  // namespace
}  // namespace squall::reports
