#include "scenarios/parse/parse.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "scenarios/plan/plan.h"

namespace squall::scenarios {
namespace {

namespace fs = std::filesystem;

std::string read_all(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string told(const ParseOutcome& outcome) {
  std::string text;
  if (const auto* mistakes = std::get_if<std::vector<Mistake>>(&outcome)) {
    for (const Mistake& mistake : *mistakes) text += mistake.text() + "\n";
  }
  return text;
}

/// The scenarios of one folder of tests/golden/scenarios, which is made the current folder so
/// that messages name files the same everywhere.
std::vector<std::string> scenarios_in(const std::string& folder) {
  fs::current_path(SQUALL_GOLDEN_SCENARIOS);
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Compares with the file, or writes it anew when SQUALL_REWRITE_GOLDEN is set.
void expect_golden(const fs::path& file, const std::string& text) {
  if (std::getenv("SQUALL_REWRITE_GOLDEN") != nullptr) {
    std::ofstream(file, std::ios::binary) << text;
    return;
  }
  EXPECT_EQ(read_all(file), text) << "in " << file;
}

ParsedScenario parsed(const ParseOutcome& outcome) {
  EXPECT_EQ(told(outcome), "");
  const auto* made = std::get_if<ParsedScenario>(&outcome);
  return made == nullptr ? ParsedScenario{} : *made;
}

TEST(Parse, EveryKindOfBadScenarioGivesItsExactMessages) {
  for (const char* folder : {"bad", "bad-beyond-schema"}) {
    const auto files = scenarios_in(folder);
    ASSERT_GT(files.size(), 50U);
    for (const std::string& file : files) {
      const std::string text = told(parse_file(file, {}));
      EXPECT_NE(text, "") << file << " is taken for good";
      expect_golden(fs::path(file).replace_extension(".txt"), text);
    }
  }
}

TEST(Parse, EveryGoodScenarioIsReadAndKeptByteForByte) {
  for (const std::string& file : scenarios_in("good")) {
    const auto made = parsed(parse_file(file, {}));
    EXPECT_EQ(made.text, read_all(file));
    EXPECT_NE(made.scenario.name, "");
    EXPECT_TRUE(compile(made.scenario)) << file;
  }
}

TEST(Parse, TheTextAfterOverridesGivesTheSameScenarioAgain) {
  for (const std::string& file : scenarios_in("good")) {
    ParseOptions options;
    options.overrides = {{"seed", "99"}, {"description", "\"a: b # ${env.HOME} \\\"c\\\"\""}};
    const auto first = parsed(parse_file(file, options));
    const auto again = parsed(parse(first.text, file, {}));
    EXPECT_EQ(again.scenario.seed, 99U);
    EXPECT_EQ(first.scenario.description, again.scenario.description);
    const auto plan = compile(first.scenario);
    const auto plan_again = compile(again.scenario);
    ASSERT_TRUE(plan && plan_again);
    auto one = first.scenario;
    auto two = again.scenario;
    one.not_supported.clear();  // The lines have moved.
    two.not_supported.clear();
    EXPECT_EQ(to_json(one, *plan), to_json(two, *plan_again));
    EXPECT_EQ(first.scenario.targets.size(), again.scenario.targets.size());
    for (std::size_t i = 0; i < first.scenario.loads.size(); ++i) {
      const auto& requests = first.scenario.loads[i].requests;
      const auto& requests_again = again.scenario.loads[i].requests;
      ASSERT_EQ(requests.size(), requests_again.size());
      for (std::size_t j = 0; j < requests.size(); ++j) {
        EXPECT_EQ(requests[j].name, requests_again[j].name);
        EXPECT_EQ(requests[j].path, requests_again[j].path);
        EXPECT_EQ(requests[j].headers, requests_again[j].headers);
        EXPECT_EQ(requests[j].body, requests_again[j].body);
        EXPECT_EQ(requests[j].expect.status, requests_again[j].expect.status);
      }
    }
  }
}

TEST(Parse, TheTimeForWhichAGuardHoldsMayStandInItsCondition) {
  fs::current_path(SQUALL_GOLDEN_SCENARIOS);
  const auto made = parsed(parse_file("good/judging.yaml", {}));
  const auto guard = [&](const std::string& name) -> const GuardSpec& {
    const auto& guards = made.scenario.guards;
    return *std::find_if(guards.begin(), guards.end(),
                         [&](const auto& g) { return g.name == name; });
  };
  EXPECT_EQ(guard("slow").lasting, std::chrono::seconds(2));
  EXPECT_EQ(guard("slow").when->text, "browse.p99.9 > 1s");
  EXPECT_EQ(guard("slow").when->limit, 1);
  EXPECT_EQ(guard("alone").lasting, std::chrono::seconds(2));
  EXPECT_EQ(guard("alone").when->figure, GuardCondition::Figure::kAgentLost);
  EXPECT_EQ(guard("errors").lasting, std::chrono::seconds(5));
}

TEST(Parse, SaysWhereEachPartStandsThatIsNotSupportedYet) {
  fs::current_path(SQUALL_GOLDEN_SCENARIOS);
  const auto made = parsed(parse_file("good/everything-later.yaml", {}));
  std::string text;
  for (const auto& part : made.scenario.not_supported) text += part.where + ": " + part.what + "\n";
  expect_golden("good/everything-later.not-supported.txt", text);
  EXPECT_TRUE(parsed(parse_file("good/game-day.yaml", {})).scenario.not_supported.empty());
}

TEST(Parse, FillsTheModelWithWhatTheFileSays) {
  fs::current_path(SQUALL_GOLDEN_SCENARIOS);
  ParseOptions options;
  options.squall_program = "/usr/bin/squall";
  const Scenario scenario = parsed(parse_file("good/game-day.yaml", options)).scenario;
  EXPECT_EQ(scenario.directory, "good");
  EXPECT_EQ(scenario.seed, 7U);

  const ServiceSpec& web = *scenario.find_service("web");
  EXPECT_EQ(web.command.front(), "/usr/bin/squall");
  EXPECT_EQ(expand_for_instance(web.command[3], 2), "127.0.0.1:8444");
  EXPECT_EQ(web.restart, ServiceSpec::Restart::kAlways);

  const auto& edge = *scenario.find_target("edge");
  ASSERT_EQ(edge.urls.size(), 2U);
  EXPECT_EQ(edge.urls[1].authority(), "127.0.0.1:8444");
  EXPECT_EQ(edge.protocol, generators::Protocol::kH2);
  EXPECT_FALSE(edge.tls.verify);

  const auto& browse = *scenario.find_load("browse");
  const auto& open = std::get<generators::OpenSpec>(browse.schedule);
  EXPECT_EQ(open.arrivals, generators::Arrivals::kPoisson);
  ASSERT_EQ(open.stages.size(), 3U);
  EXPECT_EQ(open.stages[0].to.per_second, 800);
  EXPECT_EQ(browse.length(), std::chrono::seconds(50));
  const auto& cart = browse.requests[1];
  EXPECT_EQ(cart.method, "POST");
  EXPECT_EQ(cart.name, "put into cart");
  ASSERT_EQ(cart.path.parts.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<generators::Sequence>(cart.path.parts[1]));
  EXPECT_EQ(cart.headers[0].first, "content-type");
  const std::vector<generators::StatusRange> status{{200, 200}, {200, 299}, {201, 204}};
  EXPECT_EQ(cart.expect.status, status);
  const std::vector<generators::StatusRange> listed{{200, 200}, {201, 201}};
  EXPECT_EQ(browse.requests[0].expect.status, listed) << "from a var that is a list";
  EXPECT_EQ(browse.requests[2].body_file, "body.txt");

  const auto& freeze = *scenario.find_fault("freeze-one");
  EXPECT_EQ(freeze.start.at, std::chrono::seconds(12));
  EXPECT_EQ(freeze.length, std::chrono::seconds(5));
  EXPECT_EQ(std::get<faults::ProcessFault>(freeze.what).pick.count, 1U);
  EXPECT_EQ(scenario.find_fault("kill-one")->start.after_delay, std::chrono::seconds(3));
  EXPECT_FALSE(scenario.find_fault("kill-one")->length);
  EXPECT_DOUBLE_EQ(scenario.objectives[0].goal.value, 0.999);
  EXPECT_EQ(scenario.objectives[0].good->compare, GoodSpec::Compare::kLess);
}

TEST(Parse, TellsTheFaultThatThePlanRefusesWithItsPlace) {
  const std::string text = R"(squall: 1
name: x
targets:
  edge: {url: "https://127.0.0.1:8443", protocol: h3}
load:
  browse: {target: edge, open: {stages: [{rate: 10/s, for: 20s}]}, requests: [{get: /}]}
faults:
  a: {at: 1s, for: 4s, quic: {load: browse, rebind: {every: 2s}}}
  b: {every: 3s, for: 1s, quic: {load: browse, loss: 1%}}
)";
  const ParsedScenario made = parsed(parse(text, "x.yaml", {}));
  const auto plan = compile(made.scenario);
  ASSERT_FALSE(plan);
  EXPECT_EQ(made.mistake("x.yaml", plan.error().trail).text(),
            "x.yaml:9:3: fault b: it begins at 3 s, when a is still in force on the connections of "
            "load browse");
  ParseOptions options;
  options.overrides = {{"faults.b.every", "5s"}, {"faults.a.for", "6s"}};
  const ParsedScenario set = parsed(parse(text, "x.yaml", options));
  const auto again = compile(set.scenario);
  ASSERT_FALSE(again);
  EXPECT_EQ(set.mistake("x.yaml", again.error().trail).line, 9U)
      << "the fault stands where it stood";
}

TEST(Parse, ALinkToNowhereIsNoFolderForLogs) {
  const fs::path folder =
      fs::temp_directory_path() / ("squall-parse-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  fs::create_symlink("nowhere", folder / "logs");
  const std::string text = R"(squall: 1
name: x
targets:
  edge: {url: "https://127.0.0.1:8443", protocol: h3, quic: {qlog: logs}}
load:
  browse: {target: edge, open: {stages: [{rate: 10/s, for: 20s}]}, requests: [{get: /}]}
)";
  const std::string words = told(parse(text, (folder / "x.yaml").string(), {}));
  fs::remove_all(folder);
  EXPECT_THAT(words, testing::HasSubstr("x.yaml:4:68: folder 'logs' cannot be written to: '"));
  EXPECT_THAT(words, testing::HasSubstr("logs' is a link to 'nowhere', which is not there"));
}

TEST(Parse, AFileThatCannotBeReadIsOneMistake) {
  EXPECT_EQ(told(parse_file("/no/such/file.yaml", {})),
            "/no/such/file.yaml: cannot be read: No such file or directory\n");
  EXPECT_EQ(told(parse_file("/tmp", {})), "/tmp: cannot be read: Is a directory\n");
}

TEST(Parse, AFileOfMoreThanOneMebibyteIsRefused) {
  const std::string text((std::size_t{1} << 20U) + 1, '#');
  EXPECT_EQ(told(parse(text, "big.yaml", {})),
            "big.yaml: larger than 1 MiB: that is no scenario\n");
}

TEST(Parse, KnowsWhereAFaultStandsOfWhichSomethingIsFoundOutLater) {
  const ParsedScenario made = parsed(
      parse("squall: 1\nname: x\ntargets: {t: {url: \"http://127.0.0.1:1\", protocol: h1}}\n"
            "load: {l: {target: t, open: {stages: [{rate: 1/s, for: 9s}]}, requests: [{get: /}]}}\n"
            "faults:\n  cut: {at: 1s, for: 1s, network: {interface: lo, partition: true}}\n",
            "x.yaml", {}));
  EXPECT_EQ(made.mistake("x.yaml", "fault cut: no").text(), "x.yaml:6:3: fault cut: no");
  EXPECT_EQ(made.mistake("x.yaml", "fault cut#2: no").text(), "x.yaml:6:3: fault cut#2: no");
  EXPECT_EQ(made.mistake("x.yaml", "fault cu: no").text(), "x.yaml: fault cu: no");
  EXPECT_EQ(made.mistake("x.yaml", "no").text(), "x.yaml: no");
}

TEST(Parse, ListsNoMoreMistakesThanAnyoneReads) {
  std::string text = "squall: 1\n";
  for (int i = 0; i < 1000; ++i) text += "key" + std::to_string(i) + ": 1\n";
  const auto mistakes = std::get<std::vector<Mistake>>(parse(text, "x.yaml", {}));
  EXPECT_EQ(mistakes.size(), 201U);
  EXPECT_THAT(mistakes.back().message, testing::HasSubstr("more mistakes"));
}

}  // namespace
}  // namespace squall::scenarios
