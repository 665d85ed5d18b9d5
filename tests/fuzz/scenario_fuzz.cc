// Whatever a scenario file holds, reading, compiling and drawing it neither crashes nor hangs; what
// is read is read again from its own text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "scenarios/parse/parse.h"
#include "scenarios/plan/plan.h"

namespace {

using squall::scenarios::Mistake;
using squall::scenarios::ParsedScenario;

void require(bool holds) {
  if (!holds) std::abort();
}

/// A first line "#--set PATH=VALUE" gives an override, so that those are reached, too.
squall::scenarios::ParseOptions options_of(std::string_view text) {
  constexpr std::string_view kMark = "#--set ";
  squall::scenarios::ParseOptions options;
  if (!text.starts_with(kMark)) return options;
  const std::string_view line = text.substr(kMark.size(), text.find('\n') - kMark.size());
  const std::size_t equals = line.find('=');
  options.overrides.push_back(
      {std::string(line.substr(0, equals)),
       equals == std::string_view::npos ? std::string() : std::string(line.substr(equals + 1))});
  return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto outcome = squall::scenarios::parse(text, "fuzz.yaml", options_of(text));
  if (const auto* mistakes = std::get_if<std::vector<Mistake>>(&outcome)) {
    require(!mistakes->empty());
    for (const Mistake& mistake : *mistakes) require(!mistake.text().empty());
    return 0;
  }
  const auto& parsed = std::get<ParsedScenario>(outcome);
  require(std::holds_alternative<ParsedScenario>(
      squall::scenarios::parse(parsed.text, "fuzz.yaml", {})));
  const auto plan = squall::scenarios::compile(parsed.scenario);
  if (!plan) return 0;
  require(!squall::scenarios::draw(parsed.scenario, *plan, 80, true).empty());
  require(!squall::scenarios::draw(parsed.scenario, *plan, 41, false).empty());
  require(!squall::scenarios::to_json(parsed.scenario, *plan).empty());
  return 0;
}
