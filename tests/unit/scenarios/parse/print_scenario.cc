// Prints what the loader says of each file: "FILE: ok" and what it does not support yet, or every
// mistake. With --plan, the drawing follows. For the tests which compare loader and schema.
#include <iostream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "scenarios/parse/parse.h"
#include "scenarios/plan/plan.h"

int main(int argc, char** argv) {
  using namespace squall::scenarios;
  bool with_plan = false;
  bool all_good = true;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  for (const std::string& file : arguments) {
    if (file == "--plan") {
      with_plan = true;
      continue;
    }
    const auto outcome = parse_file(file, {});
    if (const auto* mistakes = std::get_if<std::vector<Mistake>>(&outcome)) {
      all_good = false;
      for (const Mistake& mistake : *mistakes) std::cout << mistake.text() << "\n";
      continue;
    }
    const auto& parsed = std::get<ParsedScenario>(outcome);
    std::cout << file << ": ok\n";
    for (const auto& part : parsed.scenario.not_supported) {
      std::cout << "  not supported yet: " << part.what << " (" << part.where << ")\n";
    }
    if (!with_plan) continue;
    const auto plan = compile(parsed.scenario);
    std::cout << (plan ? draw(parsed.scenario, *plan, 100, true) : plan.error().trail + "\n");
  }
  return all_good ? 0 : 1;
}
