#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace squall::faults {

/// A container as its engine calls it.
struct NamedContainer {
  std::string id;      ///< 64 digits.
  std::string engine;  ///< "docker".
  /// At least one. Of Kubernetes "POD/CONTAINER" and "NAMESPACE/POD/CONTAINER".
  std::vector<std::string> names;
  bool operator==(const NamedContainer&) const = default;
};

/// Reads what docker keeps of a container (config.v2.json).
std::optional<NamedContainer> parse_docker_container(std::string_view text);

/// Reads the list that podman and CRI-O keep in their storage (containers.json).
std::vector<NamedContainer> parse_stored_containers(std::string_view text);

/// Reads by which name containerd has started a container (the bundle's config.json): its
/// annotations say it, of Kubernetes or nerdctl. A pod's own first container has none.
std::optional<NamedContainer> parse_bundle(std::string_view id, std::string_view text);

/// The id of the one container that `wanted` means: a whole id, else a name, else the beginning of
/// an id. `running` are the ids of those that run, `named` what is known of their names. Fails with
/// no_such_process, and with the name that is nearest, where none is meant; with invalid_argument,
/// and all that are, where several are.
Result<std::string> container_meant(std::string_view wanted, const std::set<std::string>& running,
                                    const std::vector<NamedContainer>& named);

}  // namespace squall::faults
