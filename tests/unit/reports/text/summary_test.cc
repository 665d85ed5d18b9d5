#include "reports/text/summary.h"

#include <chrono>
#include <limits>
#include <regex>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/text/layout.h"

#include "tests/support/golden.h"
#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Summary, IsThatOfTheGoldenFiles) {
  SampleRun run = eventful_run();
  const RunResult result = judge(run.record());
  expect_golden("summary.txt", write_summary(result, {}));
  expect_golden("summary-ascii.txt",
                write_summary(result, {.columns = 80, .color = false, .unicode = false}));
  expect_golden("summary-color.txt",
                write_summary(result, {.columns = 100, .color = true, .unicode = true}));
  expect_golden("summary-pass.txt", write_summary(judge(good_run().record()), {}));
}

TEST(Summary, TellsWhatBecameOfTheWalksThroughAFlow) {
  RunResult result = judge(good_run().record());
  ASSERT_FALSE(result.loads.empty());
  auto& totals = result.loads[0].whole.totals;
  totals.flows_begun = 1234;
  totals.flows_completed = 1200;
  totals.flows_abandoned = 30;
  const std::string text = write_summary(result, {});
  EXPECT_NE(text.find("flows"), std::string::npos);
  EXPECT_NE(text.find("30 abandoned"), std::string::npos) << text;
}

TEST(Summary, TellsWhatBecameOfAlternatives) {
  SampleRun run = good_run();
  EXPECT_THAT(write_summary(judge(run.record()), {}), Not(HasSubstr("HTTP/3")));
  SecondCell cell;
  cell.quic.alternatives = 8;
  cell.quic.alternatives_by_record = 3;
  cell.quic.fell_back = 2;
  cell.quic.fell_back_us = 1'010'000;
  cell.quic.silent = 4;
  cell.quic.silent_us = 4'800'000;
  run.is_measured(1, cell);
  const std::string text = write_summary(judge(run.record()), {});
  EXPECT_THAT(text, HasSubstr("8 opened over HTTP/3 (3 by HTTPS record)"));
  EXPECT_THAT(text, HasSubstr("2 fell back to TCP after 505 ms"));
  EXPECT_THAT(text, HasSubstr("4 given up"));
}

TEST(Summary, TellsErrorsOfQuicWhatEarlyDataSavedAndTheMarksThatCame) {
  SampleRun run = good_run();
  SecondCell cell;
  cell.quic.count({"FLOW_CONTROL_ERROR", 3, false, false}, 2);
  cell.quic.count({"stateless reset", {}, true, false});
  cell.quic.early_sent = cell.quic.early_answers = 10;
  cell.quic.early_answers_us = 15'000;
  cell.quic.resumed_answers = 10;
  cell.quic.resumed_answers_us = 20'000;
  cell.quic.path_samples = 1;
  cell.quic.ecn_ce = 4;
  run.is_measured(0, cell);
  const std::string text = write_summary(judge(run.record()), {});
  EXPECT_THAT(text, HasSubstr("2 FLOW_CONTROL_ERROR (0x3) from us"));
  EXPECT_THAT(text, HasSubstr("1 stateless reset"));
  EXPECT_THAT(text, AllOf(HasSubstr("instead of 2.00 ms with a"), HasSubstr("handshake first")));
  EXPECT_THAT(text, HasSubstr("4 CE"));
}

TEST(Summary, HasATableOfGroupsWhereThereAreSeveral) {
  SampleRun run = good_run();
  SecondCell cell;
  cell.requests["GET /"].ok = 3;
  cell.requests["GET /"].response.record(std::chrono::milliseconds(5));
  cell.addresses["127.0.0.1:80"].ok = 3;
  run.is_measured(0, cell);
  EXPECT_THAT(write_summary(judge(run.record()), {}), Not(HasSubstr("GET /")));
  cell.requests["POST /basket"].errors[static_cast<std::size_t>(ErrorClass::kTimeout)] = 1;
  run.is_measured(0, cell);
  const std::string summary = write_summary(judge(run.record()), {});
  EXPECT_THAT(summary, HasSubstr("  request       ended     ok  errors"));
  EXPECT_THAT(summary, HasSubstr("  GET /             6  100 %       0"));
  EXPECT_THAT(summary, HasSubstr("  POST /basket      1    0 %       1"));
  EXPECT_THAT(summary, Not(HasSubstr("127.0.0.1:80")));
}

TEST(Summary, WarnsAfterTheReasons) {
  SampleRun run = good_run();
  run.has_health({.clock_jump = std::chrono::seconds(2)}).is_measured(3, {});
  EXPECT_THAT(write_summary(judge(run.record()), {}),
              HasSubstr("\n  warning: agent-1: its wall clock was set by 2.00 s in second 3."));
}

TEST(Summary, ColourChangesNothingElse) {
  const RunResult result = judge(eventful_run().record());
  const std::string coloured =
      write_summary(result, {.columns = 100, .color = true, .unicode = true});
  EXPECT_EQ(std::regex_replace(coloured, std::regex("\x1b\\[[0-9;]*m"), ""),
            write_summary(result, {}));
}

TEST(Summary, NoLineIsWiderThanAsked) {
  SampleRun run = eventful_run();
  run.is_stopped("a-fault-whose-name-is-as-long-as-names-get-in-practice", 7s, 8s)
      .fault_is(FaultRecord::State::kFailed,
                "pidfd_open 4711: the process that was meant has ended before it could be stopped");
  SecondCell many;
  many.due = many.sent = many.completed = many.ok = many.ok_by_due = 1'000'000'000;
  for (int status = 200; status < 230; ++status) many.status[status] = 1'000'000;
  many.of(Metric::kResponse).record_micros(3'000'000'000, many.due);
  run.is_measured(7, many);
  for (const std::size_t columns : {80U, 100U}) {
    std::istringstream lines(
        write_summary(judge(run.record()), {.columns = columns, .color = false, .unicode = true}));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(width_of(line), columns) << line;
  }
}

TEST(Summary, WithoutUnicodeEveryByteIsAscii) {
  SampleRun run = eventful_run();
  run.wants_within("instant", 250us, 0.99);
  const std::string text =
      write_summary(judge(run.record()), {.columns = 100, .color = false, .unicode = false});
  for (const char c : text) ASSERT_LT(static_cast<unsigned char>(c), 0x80) << text;
}

TEST(Summary, TellsARunInWhichNothingWorked) {
  SampleRun run;
  for (std::int64_t second = 0; second < 10; ++second) {
    run.fails(second, 100, ErrorClass::kConnect, 1ms);
  }
  const std::string text = write_summary(judge(run.record()), {});
  EXPECT_THAT(text, StartsWith("FAIL  sample  10.0 s\n"
                               "  browse: none of 1,000 requests was ok: 1,000 connect errors\n"));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
}

TEST(Summary, OfALoadThatNeverBeganHasNoFigures) {
  SampleRun run;
  run.ends_early(EarlyEnd::Cause::kError, "agent-1 does not answer", -1s);
  const std::string text = write_summary(judge(run.record()), {});
  EXPECT_THAT(text, StartsWith("ERROR  sample  ended before its load\n"));
  EXPECT_THAT(text, HasSubstr("open load): never began\n"));
  EXPECT_THAT(text, Not(HasSubstr("requests")));
}

TEST(Summary, TellsWhenWhatAFaultEndedWasReadyAgain) {
  SampleRun run = good_run();
  run.is_stopped("kill", 3s, 4s);
  EXPECT_THAT(write_summary(judge(run.record()), {}), Not(HasSubstr("ready again")));
  run.record().faults.back().seen = "web.1: 1 process (pid 4711) killed";
  run.record().events = {{3503ms, "agent-1", "service.restarted", "web.1", "start 2"}};
  EXPECT_THAT(write_summary(judge(run.record()), {}), HasSubstr("ready again: web.1 after 0.5 s"));
}

TEST(Summary, TellsOfRetriesWhereThereWereAny) {
  SampleRun run = good_run();
  EXPECT_THAT(write_summary(judge(run.record()), {}), Not(HasSubstr("retried")));
  SecondCell retried;
  retried.retried = 3;
  run.is_measured(7, retried);
  EXPECT_THAT(write_summary(judge(run.record()), {}), HasSubstr("3 retried"));
}

TEST(Summary, ABudgetThatAllowsNothingIsMoreThanSpent) {
  SampleRun run = good_run();
  run.fails(3, 1, ErrorClass::kReset, 1ms).is_stopped("pause", 3s, 4s).wants_within("all", 1s, 1);
  const std::string text =
      write_summary(judge(run.record()), {.columns = 200, .color = false, .unicode = true});
  EXPECT_THAT(text, HasSubstr("0 allowed; more than all of the budget spent"));
  EXPECT_THAT(text, HasSubstr("spent of the error budget: more than all of all"));
}

}  // namespace
}  // namespace squall::reports
