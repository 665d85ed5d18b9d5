#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "scenarios/model/scenario.h"

namespace squall::scenarios {

/// One mistake in a scenario file, told so that it can be mended at once.
struct Mistake {
  std::string file;
  std::size_t line = 0;    ///< From 1; 0 when the file as a whole is meant.
  std::size_t column = 0;  ///< From 1.
  std::string message;     ///< "unknown key 'stagse', did you mean 'stages'?".

  /// "file:line:column: message".
  std::string text() const;
};

/// `--set path=value`.
struct Override {
  std::string path;   ///< "load.browse.open.stages.1.rate".
  std::string value;  ///< YAML.
};

struct ParseOptions {
  /// Parts to be read as if they did not stand in the file: "faults", "objectives.recovers".
  std::vector<std::string> left_out;
  std::vector<Override> overrides;
  std::string squall_program;  ///< What `${squall}` stands for.
};

/// A scenario that was read, and its text after overrides (what is kept as `scenario.yaml`).
struct ParsedScenario {
  Scenario scenario;
  std::string text;
  std::map<std::string, Mistake> fault_places;  ///< Where each fault stands; without a message.

  /// What is wrong with a fault, "fault NAME: …" or "fault NAME#2: …", told with its place; of
  /// anything else with none but `file`.
  Mistake mistake(const std::string& file, std::string message) const;
};

/// Either the scenario, or every mistake in it, in the order of the file.
using ParseOutcome = std::variant<ParsedScenario, std::vector<Mistake>>;

/// Reads and checks `text`; `file` is used in messages and to find relative paths. Touches no
/// file but those that the scenario names (they must exist), and the environment for `${env.…}`.
ParseOutcome parse(std::string_view text, const std::string& file, const ParseOptions& options);

/// The same for a file; a file that cannot be read is one mistake.
ParseOutcome parse_file(const std::string& file, const ParseOptions& options);

}  // namespace squall::scenarios
