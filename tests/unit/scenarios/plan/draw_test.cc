#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <variant>

#include <gtest/gtest.h>

#include "scenarios/parse/parse.h"
#include "scenarios/plan/canvas.h"
#include "scenarios/plan/plan.h"

#include "tests/support/result_matchers.h"

namespace squall::scenarios {
namespace {

namespace fs = std::filesystem;

/// Compares with the file, or writes it anew when SQUALL_REWRITE_GOLDEN is set.
void expect_golden(const std::string& name, const std::string& text) {
  const fs::path file = fs::path("plan") / name;
  if (std::getenv("SQUALL_REWRITE_GOLDEN") != nullptr) {
    std::ofstream(file, std::ios::binary) << text;
    return;
  }
  std::ifstream stream(file, std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_EQ(golden, text) << "in " << file;
}

struct Drawn {
  Scenario scenario;
  Plan plan;
};

Drawn plan_of(const std::string& file) {
  fs::current_path(SQUALL_GOLDEN_SCENARIOS);
  const auto outcome = parse_file("good/" + file, {});
  EXPECT_TRUE(std::holds_alternative<ParsedScenario>(outcome));
  Drawn drawn;
  drawn.scenario = std::get<ParsedScenario>(outcome).scenario;
  auto plan = compile(drawn.scenario);
  EXPECT_TRUE(ok(plan));
  drawn.plan = *plan;
  return drawn;
}

TEST(Draw, LooksAsAPersonWouldDrawIt) {
  const auto drawn = plan_of("game-day.yaml");
  expect_golden("game-day.80.ascii.txt", draw(drawn.scenario, drawn.plan, 80, false));
  expect_golden("game-day.120.unicode.txt", draw(drawn.scenario, drawn.plan, 120, true));
  const auto later = plan_of("everything-later.yaml");
  expect_golden("everything-later.100.unicode.txt", draw(later.scenario, later.plan, 100, true));
  const auto pressure = plan_of("pressure.yaml");
  expect_golden("pressure.100.ascii.txt", draw(pressure.scenario, pressure.plan, 100, false));
  const auto canary = plan_of("canary.yaml");
  expect_golden("canary.80.ascii.txt", draw(canary.scenario, canary.plan, 80, false));
  const auto matrix = plan_of("matrix.yaml");
  expect_golden("matrix.80.ascii.txt", draw(matrix.scenario, matrix.plan, 80, false));
}

TEST(Draw, KeepsToItsColumns) {
  for (const char* file : {"game-day.yaml", "minimal.yaml", "aliases.yaml"}) {
    const auto drawn = plan_of(file);
    for (const std::size_t columns : {60U, 80U, 120U, 200U}) {
      std::istringstream page(draw(drawn.scenario, drawn.plan, columns, true));
      for (std::string line; std::getline(page, line);) {
        EXPECT_LE(width_of(line), columns) << file << ": " << line;
      }
    }
  }
}

TEST(Draw, IsPlainAsciiUnlessUnicode) {
  auto drawn = plan_of("minimal.yaml");
  drawn.scenario.description = "caf\xC3\xA9 \x1b[2J";
  const std::string page = draw(drawn.scenario, drawn.plan, 80, false);
  for (const char c : page) EXPECT_TRUE(c == '\n' || (c >= ' ' && c < '\x7f'));
}

TEST(ToJson, SaysTheSame) {
  const auto drawn = plan_of("game-day.yaml");
  expect_golden("game-day.json", to_json(drawn.scenario, drawn.plan));
  const auto canary = plan_of("canary.yaml");
  expect_golden("canary.json", to_json(canary.scenario, canary.plan));
  const auto matrix = plan_of("matrix.yaml");
  expect_golden("matrix.json", to_json(matrix.scenario, matrix.plan));
}

}  // namespace
}  // namespace squall::scenarios
