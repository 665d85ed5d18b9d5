#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/cli/commands.h"
#include "harness/cli/scenario_files.h"
#include "harness/control/credentials.h"
#include "harness/coordinator/coordinator.h"

namespace squall::cli {

/// What the files hold; none where none are named. They must be good for one of this role.
Result<std::optional<control::Credentials>> read_credentials(const CredentialFiles& files,
                                                             trust::Identity::Role role);

/// "key=value" each, of letters, digits and a few others, no key twice; a `weight` that is one. The
/// error's trail says what is wrong.
Result<std::map<std::string, std::string>> read_labels(const std::vector<std::string>& given);

/// The agents that `squall run` is to wait for; none where they are local. What is wrong with the
/// options, or cannot be done by agents on other machines, is an Error.
Result<std::optional<coordinator::Fleet>> read_fleet(const RunCommand& command,
                                                     const std::vector<ScenarioFile>& files);

}  // namespace squall::cli
