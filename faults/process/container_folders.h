#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "faults/process/container_text.h"

namespace squall::faults {

/// Where engines keep on disk what they know of their containers. It is only read.
///
/// Lifecycle:  a value. Threads: any. Errors: none; what cannot be read tells no names.
struct ContainerFolders {
  std::vector<std::filesystem::path> docker;   ///< Each with containers/ID/config.v2.json.
  std::vector<std::filesystem::path> storage;  ///< Each with DRIVER-containers/containers.json.
  std::vector<std::filesystem::path> bundles;  ///< Each with NAMESPACE/ID/config.json.

  /// Those of this machine, also as its first process sees them (an agent in a container with the
  /// machine's pids), and of this user's engines without root. Another user's are not believed: who
  /// may write there could give a name to a container that is not his.
  static ContainerFolders of_this_machine();

  /// The names of those of these containers of which one of the folders tells.
  std::vector<NamedContainer> names_of(const std::set<std::string>& ids) const;
};

}  // namespace squall::faults
