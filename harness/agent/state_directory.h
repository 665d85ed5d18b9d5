#pragma once

#include <filesystem>

#include "harness/base/result.h"

namespace squall::agent {

/// Where the journals of this machine's agents are kept, so that `squall recover` finds them:
/// $SQUALL_STATE_DIR, else /var/lib/squall for root, else $XDG_STATE_HOME/squall, else
/// ~/.local/state/squall. Made if it is not there, for this user only.
Result<std::filesystem::path> state_directory();

}  // namespace squall::agent
