#include "reports/json/results_json.h"

#include <chrono>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/judge/run_result.h"

#include "tests/support/golden.h"
#include "tests/support/sample_comparison.h"
#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsSupersetOf;
using Json = nlohmann::ordered_json;

std::vector<std::string> keys(const Json& json) {
  std::vector<std::string> found;
  for (const auto& [key, value] : json.items()) found.push_back(key);
  return found;
}

RunResult eventful_result() { return judge(eventful_run().record()); }

TEST(ResultsJson, IsThatOfTheGoldenFile) {
  expect_golden("results.json", write_results_json(eventful_result()));
  expect_golden("events.jsonl", write_events_jsonl(eventful_result()));
}

TEST(ResultsJson, HasEveryKeyOfTheContract) {
  const Json json = results_json(eventful_result());
  EXPECT_THAT(keys(json),
              IsSupersetOf({"squall", "run", "scenario", "verdict", "reasons", "started",
                            "duration_s", "load", "faults", "objectives", "agents"}));
  const Json& load = json["load"]["browse"];
  EXPECT_THAT(keys(load), IsSupersetOf({"target", "protocol", "due", "sent", "completed", "ok",
                                        "unsent", "shed", "errors", "status", "rate", "latency_ms",
                                        "bytes", "connections", "phases", "series", "retried",
                                        "missing", "missing_share"}));
  EXPECT_THAT(keys(load["rate"]), ElementsAre("due", "sent", "completed"));
  EXPECT_THAT(keys(load["latency_ms"]),
              IsSupersetOf({"response", "service", "ttfb", "connect", "tls", "lateness"}));
  for (const auto& [metric, figures] : load["latency_ms"].items()) {
    EXPECT_THAT(keys(figures), ElementsAre("count", "min", "mean", "p50", "p90", "p95", "p99",
                                           "p99.9", "p99.99", "max", "clamped"));
  }
  EXPECT_THAT(keys(load["bytes"]), ElementsAre("received", "sent"));
  EXPECT_THAT(keys(load["connections"]),
              ElementsAre("opened", "failed", "lost", "given_up", "resumed"));
  EXPECT_THAT(keys(load["phases"][0]),
              IsSupersetOf({"name", "from_s", "to_s", "due", "ok", "latency_ms"}));
  EXPECT_TRUE(load["phases"][0]["latency_ms"].contains("response"));
  EXPECT_THAT(keys(load["series"]),
              IsSupersetOf({"t_s", "due", "sent", "completed", "errors", "p50", "p99", "max"}));
  const Json& fault = json["faults"]["pause"];
  EXPECT_THAT(keys(fault),
              IsSupersetOf({"planned", "actual", "state", "on", "verified", "impact"}));
  EXPECT_THAT(keys(fault["planned"]), ElementsAre("from_s", "to_s"));
  EXPECT_THAT(keys(fault["actual"]), ElementsAre("from_s", "to_s"));
  EXPECT_THAT(keys(fault["verified"]), ElementsAre("asked", "seen"));
  EXPECT_THAT(keys(fault["impact"]),
              IsSupersetOf({"detected_s", "recovered_s", "budget_spent", "effective_s", "depth"}));
  const Json& objective = json["objectives"]["fast"];
  EXPECT_THAT(keys(objective), IsSupersetOf({"load", "goal", "measured", "met", "budget"}));
  EXPECT_THAT(keys(objective["budget"]), ElementsAre("allowed", "spent", "share"));
  EXPECT_THAT(keys(json["agents"]["agent-1"]),
              IsSupersetOf({"labels", "version", "state", "clock_offset_ms", "clock_error_ms",
                            "clock_drift_ms", "cpu_peak"}));
}

TEST(ResultsJson, TellsOfComparisonsWhereThereAreAny) {
  RunResult result = judge(good_run().record());
  EXPECT_FALSE(results_json(result).contains("comparison"));
  EXPECT_FALSE(results_json(result).contains("canary"));
  result.comparison = sample_comparison();
  result.canaries.push_back({.control = "browse",
                             .canary = "browse-canary",
                             .share = 0.1,
                             .comparison = sample_comparison()});
  const Json json = results_json(result);
  EXPECT_EQ(json["comparison"]["verdict"], "worse");
  EXPECT_EQ(json["comparison"]["differences"].size(), 6U);
  const Json& tail = json["comparison"]["differences"][2];
  EXPECT_EQ(tail["figure"], "p99.9");
  EXPECT_EQ(tail["unit"], "ms");
  EXPECT_DOUBLE_EQ(tail["low"], -0.1);
  EXPECT_TRUE(tail["high"].is_null()) << "nothing bounds it";
  EXPECT_TRUE(tail["phase"].is_null());
  EXPECT_EQ(json["canary"]["browse"]["canary"], "browse-canary");
  EXPECT_EQ(json["canary"]["browse"]["comparison"], json["comparison"]);
}

TEST(ResultsJson, TellsOfTheGroupsOfALoad) {
  SampleRun run = good_run();
  SecondCell cell;
  GroupCell& home = cell.requests["GET /"];
  home.ok = 2;
  home.status = {{200, 2}};
  home.response.record(5ms);
  home.response.record(5ms);
  GroupCell& address = cell.addresses["[::1]:8443"];
  address.errors[static_cast<std::size_t>(ErrorClass::kTimeout)] = 1;
  address.connections_opened = 3;
  address.connections_lost = 1;
  run.is_measured(0, cell);
  const Json load = results_json(judge(run.record()))["load"]["browse"];
  ASSERT_THAT(keys(load["requests"]), ElementsAre("GET /"));
  EXPECT_EQ(load["requests"]["GET /"]["ok"], 2);
  EXPECT_EQ(load["requests"]["GET /"]["status"], Json({{"200", 2}}));
  EXPECT_EQ(load["requests"]["GET /"]["latency_ms"]["response"]["count"], 2);
  ASSERT_THAT(keys(load["addresses"]), ElementsAre("[::1]:8443"));
  const Json& there = load["addresses"]["[::1]:8443"];
  EXPECT_EQ(there["errors"], Json({{"timeout", 1}}));
  EXPECT_EQ(there["connections"], Json({{"opened", 3}, {"failed", 0}, {"lost", 1}}));
  EXPECT_EQ(there["latency_ms"]["response"]["p50"], nullptr);
}

TEST(ResultsJson, TellsOfDatagramsWhereThereWereAny) {
  SampleRun run = good_run();
  EXPECT_FALSE(results_json(judge(run.record()))["load"]["browse"].contains("datagrams"));
  SecondCell cell;
  cell.datagrams_received = 900;
  cell.datagrams_dropped = 3;
  run.is_measured(0, cell);
  EXPECT_EQ(results_json(judge(run.record()))["load"]["browse"]["datagrams"],
            Json({{"received", 900}, {"dropped", 3}}));
}

/// What is told of the one load's early data; null where nothing is.
Json early_data_of(SampleRun& run) {
  const Json load = results_json(judge(run.record()))["load"]["browse"];
  return load.contains("early_data") ? load["early_data"] : Json(nullptr);
}

TEST(ResultsJson, TellsOfEarlyDataWhereThereWasSome) {
  SampleRun run = good_run();
  EXPECT_EQ(early_data_of(run), nullptr);
  SecondCell cell;
  cell.quic.early_sent = 90;
  cell.quic.early_accepted = 75;  // Of the other five nobody knows.
  cell.quic.early_rejected = 10;
  cell.quic.early_refused = 5;
  cell.quic.early_answers = 10;
  cell.quic.early_answers_us = 15'000;
  cell.quic.resumed_answers = 9;  // Too few to compare with.
  cell.quic.resumed_answers_us = 18'000;
  cell.quic.full_answers = 20;
  cell.quic.full_answers_us = 80'000;
  run.is_measured(0, cell);
  EXPECT_EQ(early_data_of(run),
            Json({{"sent", 90},
                  {"accepted", 75},
                  {"rejected", 10},
                  {"too_early", 5},
                  {"first_answer_ms", {{"early", 1.5}, {"resumed", 2.0}, {"full", 4.0}}},
                  {"connections", {{"early", 10}, {"resumed", 9}, {"full", 20}}},
                  {"saved_ms", 2.5},
                  {"saved_against", "full"}}));
  SecondCell more;
  more.quic.resumed_answers = 1;
  more.quic.resumed_answers_us = 2000;
  run.is_measured(1, more);
  const Json enough = early_data_of(run);
  EXPECT_EQ(enough["saved_ms"], 0.5);
  EXPECT_EQ(enough["saved_against"], "resumed");
}

TEST(ResultsJson, SaysNothingOfTimeSavedByTooFewConnections) {
  SampleRun run = good_run();
  SecondCell cell;
  cell.quic.early_sent = cell.quic.early_answers = 9;
  cell.quic.full_answers = cell.quic.resumed_answers = 100;
  run.is_measured(0, cell);
  const Json early = early_data_of(run);
  EXPECT_EQ(early["saved_ms"], nullptr);
  EXPECT_EQ(early["saved_against"], nullptr);
}

TEST(ResultsJson, TellsFirstAnswersOfResumedConnectionsThatSentNothingEarly) {
  SampleRun run = good_run();
  SecondCell cell;
  cell.quic.resumed_answers = 4;
  cell.quic.resumed_answers_us = 8000;
  run.is_measured(0, cell);
  const Json early = early_data_of(run);
  EXPECT_EQ(early["sent"], 0);
  EXPECT_EQ(early["first_answer_ms"],
            Json({{"early", nullptr}, {"resumed", 2.0}, {"full", nullptr}}));
  EXPECT_EQ(early["saved_ms"], nullptr);
}

TEST(ResultsJson, TellsErrorsOfQuicByNumberAndName) {
  SampleRun run = good_run();
  EXPECT_FALSE(results_json(judge(run.record()))["load"]["browse"].contains("quic_errors"));
  SecondCell cell;
  cell.quic.count({"FLOW_CONTROL_ERROR", 3, false, false});
  cell.quic.count({"H3_INTERNAL_ERROR", 0x102, true, true}, 7);
  cell.quic.count({"stateless reset", {}, true, false}, 2);
  cell.quic.count({"idle time-out", {}, false, false}, 3);
  cell.quic.count({"CRYPTO_ERROR", 0x12a, false, false, true}, 5);
  cell.quic.count({"H3_INTERNAL_ERROR", 0x102, true, false, true}, 1);
  cell.quic.count({"H3_INTERNAL_ERROR", 0x102, true, false, false}, 8);
  cell.quic.count({"idle time-out", {}, true, false, true}, 1);
  run.is_measured(0, cell).is_measured(1, cell);
  const auto entry = [](const char* name, const Json& code, const Json& by, const char* of, int n,
                        int in_handshake = 0) {
    return Json({{"name", name},
                 {"code", code},
                 {"by", by},
                 {"of", of},
                 {"count", n},
                 {"in_handshake", in_handshake}});
  };
  EXPECT_EQ(results_json(judge(run.record()))["load"]["browse"]["quic_errors"],
            Json::array({entry("CRYPTO_ERROR", 298, "us", "connection", 10, 10),
                         entry("FLOW_CONTROL_ERROR", 3, "us", "connection", 2),
                         entry("H3_INTERNAL_ERROR", 258, "server", "connection", 18, 2),
                         entry("H3_INTERNAL_ERROR", 258, "server", "stream", 14),
                         entry("idle time-out", nullptr, nullptr, "connection", 6),
                         entry("idle time-out", nullptr, "server", "connection", 2, 2),
                         entry("stateless reset", nullptr, "server", "connection", 4)}));
}

TEST(ResultsJson, OfErrorsThatAServerMakesUpOnlySoManyHaveAnEntry) {
  reports::QuicCounts counts;
  for (std::uint64_t i = 0; i < 1000; ++i) counts.count({"an unknown error", i, true, false});
  EXPECT_EQ(counts.errors.size(), reports::QuicCounts::kMostErrors + 1);
  EXPECT_EQ(counts.errors.at({}), 1000 - reports::QuicCounts::kMostErrors);
}

TEST(ResultsJson, TellsTheMarksWithWhichDatagramsCame) {
  SampleRun run = good_run();
  SecondCell cell;
  cell.quic.path_samples = 1;
  cell.quic.ecn_ect0 = 30;
  cell.quic.ecn_ce = 2;
  run.is_measured(0, cell);
  EXPECT_EQ(results_json(judge(run.record()))["load"]["browse"]["path"]["ecn"],
            Json({{"ect0", 30}, {"ect1", 0}, {"ce", 2}}));
}

TEST(ResultsJson, TellsWhatConnectionsCameToThatAFaultDisturbed) {
  SampleRun run = good_run();
  run.is_stopped("nat", 3s, 4s);
  EXPECT_FALSE(results_json(judge(run.record()))["faults"]["nat"].contains("connections"));
  run.record().faults.back().survival = {10, 7, 2, 250ms, 100ms, 5, 6, 3, 4, 8, 20, 9};
  EXPECT_EQ(results_json(judge(run.record()))["faults"]["nat"]["connections"],
            Json({{"disturbed", 10},
                  {"survived", 7},
                  {"silent_at_end", 2},
                  {"longest_gap_ms", 250.0},
                  {"mean_gap_ms", 100.0},
                  {"rebinds", 5},
                  {"migrations", {{"made", 6}, {"unanswered", 3}, {"refused", 4}}},
                  {"no_socket", 8},
                  {"key_updates", {{"made", 20}, {"not_made", 9}}}}));
}

TEST(ResultsJson, TellsWhenWhatAFaultEndedWasReadyAgain) {
  SampleRun run = good_run();
  run.is_stopped("kill", 3s, 4s);
  EXPECT_FALSE(results_json(judge(run.record()))["faults"]["kill"].contains("ready_again_ms"));
  run.record().faults.back().seen = "web.1: 1 process (pid 4711) killed";
  run.record().events = {{3503ms, "agent-1", "service.restarted", "web.1", "start 2"}};
  EXPECT_EQ(results_json(judge(run.record()))["faults"]["kill"]["ready_again_ms"],
            Json({{"web.1", 500.0}}));
}

TEST(ResultsJson, TellsOfAlternativesWhereThereWereAny) {
  SampleRun run = good_run();
  EXPECT_FALSE(results_json(judge(run.record()))["load"]["browse"].contains("alternatives"));
  SecondCell cell;
  cell.quic.alternatives = 8;
  cell.quic.alternatives_by_record = 3;
  cell.quic.fell_back = 2;
  cell.quic.fell_back_us = 1'010'000;
  cell.quic.avoided = 3;
  run.is_measured(1, cell);
  const Json browse = results_json(judge(run.record()))["load"]["browse"];
  EXPECT_EQ(browse["alternatives"], Json({{"opened", 8},
                                          {"by_alt_svc", 5},
                                          {"by_https_record", 3},
                                          {"fell_back", 2},
                                          {"fell_back_after_ms", 505.0},
                                          {"avoided", 3},
                                          {"silent", 0},
                                          {"silent_after_ms", nullptr}}));
  EXPECT_EQ(browse["series"]["over_alternative"][0], 0);
  EXPECT_EQ(browse["series"]["over_alternative"][1], 8);
  EXPECT_EQ(browse["series"]["fell_back"][1], 2);
}

TEST(ResultsJson, TellsOfAnAgentsHealthBySecondAndOnlyWhatIsKnown) {
  SampleRun run = good_run();
  run.has_health({.cpu = 0.5, .descriptors = 12, .descheduled_max = 3ms, .clock_jump = 20ms});
  run.is_measured(9, {});
  run.has_health({.clock_jump = 2s}).is_measured(10, {});
  const Json json = results_json(judge(run.record()));
  const Json& health = json["agents"]["agent-1"]["health"];
  EXPECT_THAT(keys(health),
              ElementsAre("t_s", "cpu", "lateness_max_ms", "descheduled_ms", "throttled_ms",
                          "backlog", "in_flight", "descriptors", "ports", "clock_jump_ms"));
  EXPECT_EQ(health["t_s"], Json({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  EXPECT_EQ(health["descheduled_ms"][8], nullptr);
  EXPECT_EQ(health["descheduled_ms"][9], 3.0);
  EXPECT_EQ(health["cpu"][9], 0.5);
  EXPECT_EQ(health["ports"][9], nullptr);
  ASSERT_EQ(json["warnings"].size(), 1U);
  EXPECT_THAT(json["warnings"][0].get<std::string>(), testing::HasSubstr("wall clock"));
}

TEST(ResultsJson, TellsOfAlertsLimitsPeriodsAndGuards) {
  // All bad in seconds 5 and 6 of 10: see BurnRate.IsJudgedForEachObjectiveOfARun.
  SampleRun run;
  for (std::int64_t second = 0; second < 10; ++second) {
    const bool is_bad = second == 5 || second == 6;
    run.answers(second, is_bad ? 0 : 100, std::chrono::milliseconds(5));
    if (is_bad) run.fails(second, 100, ErrorClass::kReset, std::chrono::milliseconds(1));
  }
  run.wants_status_below("available", 500, 0.95);
  run.record().scenario.objectives.back().period = std::chrono::hours(720);
  scenarios::ObjectiveSpec tail;
  tail.name = "tail";
  tail.load = "browse";
  tail.limit = {"p99", 99, std::chrono::milliseconds(500)};
  tail.goal = {0.99};
  run.wants(tail);
  scenarios::GuardSpec guard;
  guard.name = "hand";
  guard.file = "stop-here";
  run.record().scenario.guards.push_back(guard);
  const Json json = results_json(judge(run.record()));
  const Json& available = json["objectives"]["available"];
  EXPECT_EQ(available["answer"], "missed");
  const Json& page = available["burn"]["scaled"]["alerts"][0];
  EXPECT_EQ(page["severity"], "page");
  EXPECT_EQ(page["factor"], 14.4);
  EXPECT_NEAR(page["fired_s"].get<double>(), 6.21, 1e-4);
  EXPECT_NEAR(page["reset_s"].get<double>(), 7.29, 1e-4);
  EXPECT_TRUE(available["burn"]["alerts"][0]["fired_s"].is_null());
  EXPECT_NEAR(available["period"]["allowed"].get<double>(), 12'960'000, 1);
  EXPECT_EQ(json["objectives"]["tail"]["limit"]["figure"], "p99");
  EXPECT_NEAR(json["objectives"]["tail"]["limit"]["measured_ms"].get<double>(), 5, 0.01);
  EXPECT_TRUE(json["guards"]["hand"]["tripped_s"].is_null());
}

TEST(ResultsJson, CountsAddUp) {
  const Json json = results_json(eventful_result());
  for (const auto& [name, load] : json["load"].items()) {
    std::uint64_t errors = 0;
    for (const auto& [error, times] : load["errors"].items()) errors += times.get<std::uint64_t>();
    EXPECT_EQ(load["sent"], load["ok"].get<std::uint64_t>() + errors);
    EXPECT_EQ(load["due"].get<std::uint64_t>(), load["sent"].get<std::uint64_t>() +
                                                    load["unsent"].get<std::uint64_t>() +
                                                    load["shed"].get<std::uint64_t>());
    std::uint64_t in_phases = 0;
    for (const Json& phase : load["phases"]) in_phases += phase["due"].get<std::uint64_t>();
    EXPECT_EQ(load["due"], in_phases);
  }
}

TEST(ResultsJson, OfALoadThatIsAFlowTellsWhatBecameOfItsWalks) {
  RunResult result = eventful_result();
  ASSERT_FALSE(result.loads.empty());
  EXPECT_FALSE(results_json(result)["load"][result.loads[0].name].contains("flows"));
  auto& totals = result.loads[0].whole.totals;
  totals.flows_begun = 10;
  totals.flows_completed = 7;
  totals.flows_abandoned = 2;
  EXPECT_EQ(results_json(result)["load"][result.loads[0].name]["flows"],
            (Json{{"begun", 10}, {"completed", 7}, {"abandoned", 2}}));
}

TEST(ResultsJson, TheTextIsTheSameJson) {
  const RunResult result = eventful_result();
  EXPECT_EQ(Json::parse(write_results_json(result)), results_json(result));
}

TEST(ResultsJson, KeepsAListToOneLine) {
  const std::string text = write_results_json(eventful_result());
  EXPECT_THAT(text, testing::HasSubstr("\n        \"t_s\": [0,1,2,3,4,5,6,7,8,9],\n"));
}

TEST(ResultsJson, WhatWasNotMeasuredIsNull) {
  SampleRun run;
  const Json json = results_json(judge(run.wants_within("fast", 250ms, 0.99).record()));
  const Json& response = json["load"]["browse"]["latency_ms"]["response"];
  EXPECT_EQ(response["count"], 0);
  EXPECT_TRUE(response["p99"].is_null());
  EXPECT_TRUE(json["load"]["browse"]["series"]["p50"][0].is_null());
  EXPECT_TRUE(json["objectives"]["fast"]["measured"].is_null());
}

TEST(ResultsJson, AFaultThatNeverHappenedHasNoActualTime) {
  SampleRun run = good_run();
  run.is_stopped("kill", 3s, 4s).fault_is(FaultRecord::State::kFailed, "no such process");
  run.record().faults.back().from.reset();
  run.record().plan.faults.back().to.reset();
  const Json fault = results_json(judge(run.record()))["faults"]["kill"];
  EXPECT_TRUE(fault["actual"].is_null());
  EXPECT_TRUE(fault["planned"]["to_s"].is_null());
  EXPECT_EQ(fault["state"], "failed");
  EXPECT_EQ(fault["error"], "no such process");
}

TEST(ResultsJson, NoNumberIsInfinite) {
  RunResult result = eventful_result();
  result.objectives[0].budget_share = std::numeric_limits<double>::infinity();
  result.objectives[0].measured = std::numeric_limits<double>::quiet_NaN();
  result.faults[0].budget_spent["fast"] = std::numeric_limits<double>::infinity();
  result.loads[0].due_rate = {std::numeric_limits<double>::infinity()};
  const Json json = results_json(result);
  EXPECT_TRUE(json["objectives"]["available"]["budget"]["share"].is_null());
  EXPECT_TRUE(json["objectives"]["available"]["measured"].is_null());
  EXPECT_TRUE(json["faults"]["pause"]["impact"]["budget_spent"]["fast"].is_null());
  EXPECT_TRUE(json["load"]["browse"]["rate"]["due"].is_null());
}

TEST(ResultsJson, MendsTextThatIsNotUtf8) {
  RunResult result = eventful_result();
  result.reasons = {"web.1 said: \xff\xfe"};
  const Json json = Json::parse(write_results_json(result));
  EXPECT_EQ(json["reasons"][0], "web.1 said: \uFFFD\uFFFD");
}

TEST(ResultsJson, TellsTheStartInUtcToTheMillisecond) {
  RunResult result = eventful_result();
  result.started += 7ms;
  EXPECT_EQ(results_json(result)["started"], "2026-11-20T12:00:00.007Z");
}

TEST(EventsJsonl, IsAnObjectALine) {
  std::istringstream lines(write_events_jsonl(eventful_result()));
  std::vector<double> at;
  for (std::string line; std::getline(lines, line);) at.push_back(Json::parse(line)["at_s"]);
  EXPECT_THAT(at, ElementsAre(-0.25, 3.003, 5.003));
}

}  // namespace
}  // namespace squall::reports
