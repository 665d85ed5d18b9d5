#pragma once

#include <vector>

#include "faults/process/process_table.h"

namespace squall::faults {

/// `leader` and everything that came of it: its descendants, and the members of the session or
/// process group that it leads (which stay ours when the leader itself is gone, since the kernel
/// gives no pid away that still names a group or a session). The leader comes first, parents
/// before their children; zombies are left out. Empty when the pid is another process by now.
std::vector<ProcessInfo> tree_of(ProcessId leader, const std::vector<ProcessInfo>& all);

}  // namespace squall::faults
