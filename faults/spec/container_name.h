#pragma once

#include <string_view>

namespace squall::faults {

/// Whether it may be the beginning of a container's id: 6 to 64 hexadecimal digits.
bool is_container_id(std::string_view text);

/// Whether it may be a container's name: web-1 (docker, podman, nerdctl), POD/CONTAINER or
/// NAMESPACE/POD/CONTAINER (Kubernetes).
bool is_container_name(std::string_view text);

}  // namespace squall::faults
