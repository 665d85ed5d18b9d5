#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::faults {

/// In which group of one hierarchy a process is: a line of /proc/PID/cgroup (cgroups(7)).
struct CgroupMembership {
  std::vector<std::string> controllers;  ///< {"cpu", "cpuacct"}, {"name=systemd"}; version 2: none.
  std::string path;                      ///< "/system.slice/nginx.service".
  bool is_version_2() const { return controllers.empty(); }
  bool operator==(const CgroupMembership&) const = default;
};

/// Reads /proc/PID/cgroup; lines that make no sense are passed over.
std::vector<CgroupMembership> parse_membership(std::string_view text);

/// Where a hierarchy is mounted.
struct CgroupMount {
  std::filesystem::path folder;  ///< "/sys/fs/cgroup".
  std::string root = "/";        ///< The group that is seen there, as memberships call it.
  bool operator==(const CgroupMount&) const = default;

  /// The folder of a group; none when it lies outside of what is mounted.
  std::optional<std::filesystem::path> folder_of(std::string_view path) const;
};

/// The hierarchies by which processes can be frozen.
struct CgroupMounts {
  std::optional<CgroupMount> unified;  ///< Version 2.
  std::optional<CgroupMount> freezer;  ///< Version 1, with the controller `freezer`.
};

/// Reads /proc/self/mountinfo (proc(5)); of several mounts of one hierarchy the first counts.
CgroupMounts parse_cgroup_mounts(std::string_view mountinfo);

/// True when the process runs in this unit of systemd, or below: a slice holds services. Without
/// an ending a service is meant.
bool is_in_unit(const CgroupMembership& membership, std::string_view unit);

/// True when the process is in this group, or below: a path from the root of the hierarchy, or of a
/// folder below /sys/fs/cgroup.
bool is_in_cgroup(const CgroupMembership& membership, std::string_view cgroup);

/// The id of the container in which the process runs, 64 digits, as docker, containerd, cri-o and
/// podman name groups by it; none for what only watches over a container (conmon).
std::optional<std::string> container_in(const CgroupMembership& membership);

}  // namespace squall::faults
