#pragma once

#include <optional>
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

/// The agents that `squall run` is to wait for; none where they are local. What is wrong with the
/// options, or cannot be done by agents on other machines, is an Error.
Result<std::optional<coordinator::Fleet>> read_fleet(const RunCommand& command,
                                                     const std::vector<ScenarioFile>& files);

}  // namespace squall::cli
