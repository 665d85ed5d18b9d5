#include "faults/process/cgroup_text.h"

#include <algorithm>
#include <cstddef>

namespace squall::faults {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMountedAt = "/sys/fs/cgroup/";
constexpr std::size_t kContainerId = 64;

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    const std::size_t end = text.find(at);
    if (end != 0) pieces.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
  }
  return pieces;
}

/// The next line of `text`, which it takes away.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? "" : text.substr(end + 1);
  return line;
}

/// mountinfo writes blanks, newlines and backslashes as three octal digits.
std::string unescaped(std::string_view text) {
  std::string plain;
  const auto is_digit = [](char c) { return c >= '0' && c <= '7'; };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool is_escape = text[at] == '\\' && at + 3 < text.size() && is_digit(text[at + 1]) &&
                           is_digit(text[at + 2]) && is_digit(text[at + 3]);
    if (!is_escape) {
      plain += text[at];
      continue;
    }
    const int code = (text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 + (text[at + 3] - '0');
    plain += static_cast<char>(code);
    at += 3;
  }
  return plain;
}

std::string_view without_slashes(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

/// True when `path` is `group` or below it; both without outer slashes.
bool is_at_or_below(std::string_view path, std::string_view group) {
  if (group.empty() || !path.starts_with(group)) return false;
  return path.size() == group.size() || path[group.size()] == '/';
}

bool is_hexadecimal(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::vector<CgroupMembership> parse_membership(std::string_view text) {
  std::vector<CgroupMembership> all;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos || !line.substr(second + 1).starts_with('/')) continue;
    CgroupMembership one;
    for (const auto controller : split(line.substr(first + 1, second - first - 1), ',')) {
      one.controllers.emplace_back(controller);
    }
    one.path = line.substr(second + 1);
    all.push_back(std::move(one));
  }
  return all;
}

std::optional<fs::path> CgroupMount::folder_of(std::string_view path) const {
  const std::string_view outer = without_slashes(root);
  std::string_view inner = without_slashes(path);
  // Of a process in a namespace beside this one the kernel says "/../…".
  if (("/" + std::string(inner) + "/").find("/../") != std::string::npos) return {};
  if (!outer.empty()) {
    if (!is_at_or_below(inner, outer)) return {};
    inner = without_slashes(inner.substr(outer.size()));
  }
  return inner.empty() ? folder : folder / inner;
}

CgroupMounts parse_cgroup_mounts(std::string_view mountinfo) {
  CgroupMounts mounts;
  while (!mountinfo.empty()) {
    // "31 25 0:27 /root /where options… - type source super-options"
    const std::string_view line = take_line(mountinfo);
    const std::size_t middle = line.find(" - ");
    if (middle == std::string_view::npos) continue;
    const auto before = split(line.substr(0, middle), ' ');
    const auto after = split(line.substr(middle + 3), ' ');
    if (before.size() < 5 || after.empty()) continue;
    const CgroupMount mount{unescaped(before[4]), unescaped(before[3])};
    if (after[0] == "cgroup2" && !mounts.unified) mounts.unified = mount;
    if (after[0] != "cgroup" || after.size() < 3 || mounts.freezer) continue;
    const auto options = split(after[2], ',');
    if (std::find(options.begin(), options.end(), "freezer") != options.end()) {
      mounts.freezer = mount;
    }
  }
  return mounts;
}

bool is_in_unit(const CgroupMembership& membership, std::string_view unit) {
  std::string name(unit);
  if (name.find('.') == std::string::npos) name += ".service";
  const auto pieces = split(membership.path, '/');
  return std::find(pieces.begin(), pieces.end(), name) != pieces.end();
}

bool is_in_cgroup(const CgroupMembership& membership, std::string_view cgroup) {
  const std::string_view path = without_slashes(membership.path);
  if (!cgroup.starts_with(kMountedAt)) return is_at_or_below(path, without_slashes(cgroup));
  const std::string_view place = without_slashes(cgroup.substr(kMountedAt.size()));
  if (membership.is_version_2() && is_at_or_below(path, place)) return true;
  // Version 1, or both: the first folder is the hierarchy's.
  const std::size_t slash = place.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view hierarchy = place.substr(0, slash);
  const std::string_view below = without_slashes(place.substr(slash));
  if (membership.is_version_2()) return hierarchy == "unified" && is_at_or_below(path, below);
  const auto named = split(hierarchy, ',');
  const auto is_named = [&](std::string_view controller) {
    if (controller.starts_with("name=")) controller.remove_prefix(5);
    return std::find(named.begin(), named.end(), controller) != named.end();
  };
  return std::any_of(membership.controllers.begin(), membership.controllers.end(), is_named) &&
         is_at_or_below(path, below);
}

std::optional<std::string> container_in(const CgroupMembership& membership) {
  // docker: /docker/ID, docker-ID.scope; containerd: cri-containerd-ID.scope, kubepods/…/podUID/ID;
  // cri-o: crio-ID.scope; podman: libpod-ID.scope, with libpod-conmon-ID.scope beside it.
  const auto pieces = split(membership.path, '/');
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
    std::string_view name = *piece;
    if (name.ends_with(".scope")) name.remove_suffix(6);
    // Kubernetes with systemd and containerd: "…slice:cri-containerd:ID".
    const std::size_t before = name.find_last_of("-:");
    const std::string_view kind = before == std::string_view::npos ? "" : name.substr(0, before);
    if (before != std::string_view::npos) name.remove_prefix(before + 1);
    if (name.size() != kContainerId || !is_hexadecimal(name)) continue;
    if (kind.ends_with("conmon")) return {};
    return std::string(name);
  }
  return {};
}

}  // namespace squall::faults
