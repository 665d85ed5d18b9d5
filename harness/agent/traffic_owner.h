#pragma once

#include <string>

#include "faults/process/match.h"
#include "faults/process/process_table.h"
#include "faults/spec/network_spec.h"
#include "harness/base/result.h"

namespace squall::agent {

/// A network fault in terms that the kernel knows, and how it came to them.
struct OwnedTraffic {
  faults::NetworkFault fault;
  std::string note;  ///< "service web is met by its port 8080"; empty where nothing was looked for.
};

/// Finds by what the packets of the service that `fault` names are known: by the cgroup of version
/// 2 that its processes are in, where this agent is not in it too, else by the ports on which they
/// listen. Then what the service asks of others, from other ports, is not met. Faults for nobody's
/// or a cgroup's packets stay as they are.
///
/// `cgroups_at` is where nftables looks for cgroups.
/// Fails when the service does not run or listens on no port, or when the fault names ports on the
/// service's side itself.
Result<OwnedTraffic> find_owner(const faults::NetworkFault& fault, faults::ProcessTable& processes,
                                const faults::ProcessScope& scope,
                                const std::string& cgroups_at = "/sys/fs/cgroup");

}  // namespace squall::agent
