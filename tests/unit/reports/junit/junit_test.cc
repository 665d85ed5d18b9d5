#include "reports/junit/junit.h"

#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/golden.h"
#include "tests/support/sample_comparison.h"
#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

TEST(Junit, IsThatOfTheGoldenFile) {
  SampleRun run = eventful_run();
  run.is_stopped("again", 7s, 8s).fault_is(FaultRecord::State::kResidue, "no such process");
  run.record().scenario.name = "smoke & <mirrors>";
  expect_golden("junit.xml", write_junit(judge(run.record())));
}

TEST(Junit, APassHasACaseForAllAndAComplaintForNone) {
  SampleRun run = good_run();
  run.is_stopped("pause", 3s, 4s).wants_within("fast", 250ms, 0.99);
  const std::string xml = write_junit(judge(run.record()));
  EXPECT_THAT(xml, HasSubstr("tests=\"3\" failures=\"0\" errors=\"0\" skipped=\"0\""));
  EXPECT_THAT(xml, HasSubstr("name=\"verdict\""));
  EXPECT_THAT(xml, HasSubstr("name=\"objective fast\""));
  EXPECT_THAT(xml, HasSubstr("name=\"fault pause\""));
  EXPECT_THAT(xml, Not(HasSubstr("<failure")));
  EXPECT_THAT(xml, Not(HasSubstr("<error")));
}

TEST(Junit, HasACaseForABaselineAndForEachCanary) {
  RunResult result = judge(good_run().record());
  result.comparison = sample_comparison();
  CanaryResult canary{
      .control = "browse", .canary = "browse-canary", .share = 0.5, .comparison = {}};
  result.canaries.push_back(canary);
  canary.canary = "other-canary";
  canary.comparison.verdict = ComparisonVerdict::kNotComparable;
  canary.comparison.reasons = {"too noisy"};
  result.canaries.push_back(canary);
  const std::string xml = write_junit(result);
  EXPECT_THAT(xml, HasSubstr("failures=\"1\" errors=\"1\""));
  EXPECT_THAT(xml, HasSubstr("name=\"baseline\""));
  EXPECT_THAT(xml, HasSubstr("<failure message=\"browse: p99 rose by 12.0 %"));
  EXPECT_THAT(xml, HasSubstr("name=\"canary browse-canary\""));
  EXPECT_THAT(xml, HasSubstr("<error message=\"too noisy\" type=\"not comparable\""));
}

TEST(Junit, HasACaseForEachGuardAndProbe) {
  SampleRun run = good_run();
  for (const char* name : {"errors", "quiet"}) {
    scenarios::GuardSpec guard;
    guard.name = name;
    guard.file = "stop-here";
    run.record().scenario.guards.push_back(guard);
  }
  run.record().guard_trips.push_back({"errors", 6s, 3s, "60 % of 100 requests"});
  scenarios::ProbeSpec probe;
  probe.name = "health";
  run.record().scenario.probes.push_back(probe);
  run.record().probe_answers.push_back({"health", 1s, false, "status 503"});
  const std::string xml = write_junit(judge(run.record()));
  EXPECT_THAT(xml, HasSubstr("name=\"guard errors\""));
  EXPECT_THAT(xml, HasSubstr("<error message=\"tripped: 60 % of 100 requests\" type=\"aborted\""));
  EXPECT_THAT(xml,
              HasSubstr("name=\"guard quiet\" time=\"0.000\">\n      <system-out>did not trip;"));
  EXPECT_THAT(xml, HasSubstr("<failure message=\"probe health: 1 of 1 answer not as expected"));
}

TEST(Junit, TellsWarningsOfTheWholeSuite) {
  SampleRun run = good_run();
  EXPECT_THAT(write_junit(judge(run.record())), testing::Not(HasSubstr("system-err")));
  run.record().events = {{1s, "agent-1", "warning", "", "users: rows < 5"},
                         {1s, "agent-1", "warning", "", "no connection"}};
  EXPECT_THAT(write_junit(judge(run.record())),
              HasSubstr("<system-err>users: rows &lt; 5&#10;no connection</system-err>\n"
                        "  </testsuite>"));
}

TEST(Junit, AnAbortedRunIsAnErrorAndItsLaterFaultsAreSkipped) {
  SampleRun run = good_run();
  run.is_stopped("pause", 9s, 10s).record().faults.clear();
  run.ends_early(EarlyEnd::Cause::kSignal, "interrupted", 5s);
  const std::string xml = write_junit(judge(run.record()));
  EXPECT_THAT(xml, HasSubstr("failures=\"0\" errors=\"1\" skipped=\"1\""));
  EXPECT_THAT(xml, HasSubstr("<error message=\"ended early, 5 s into the load: interrupted\" "
                             "type=\"aborted\">"));
  EXPECT_THAT(xml, HasSubstr("<skipped message=\"the run never came to it\"/>"));
}

TEST(XmlEscaped, LeavesNothingThatMeansSomethingInXml) {
  EXPECT_EQ(xml_escaped("a < b & \"c\" > d"), "a &lt; b &amp; &quot;c&quot; &gt; d");
  EXPECT_EQ(xml_escaped("one\ntwo\t"), "one&#10;two&#9;");
  EXPECT_EQ(xml_escaped("12 µs → 😀"), "12 µs → 😀");
}

TEST(XmlEscaped, ReplacesWhatXmlHasNoCharacterFor) {
  EXPECT_EQ(xml_escaped(std::string("\0\x1b", 2)), "\uFFFD\uFFFD");
  EXPECT_EQ(xml_escaped("\xff"), "\uFFFD");
  EXPECT_EQ(xml_escaped("\xc0\xaf"), "\uFFFD\uFFFD");            // Overlong.
  EXPECT_EQ(xml_escaped("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");  // A surrogate.
  EXPECT_EQ(xml_escaped("\xe2\x82"), "\uFFFD\uFFFD");            // Cut off.
  EXPECT_EQ(xml_escaped("\xef\xbf\xbf"), "\uFFFD\uFFFD\uFFFD");  // U+FFFF.
}

}  // namespace
}  // namespace squall::reports
