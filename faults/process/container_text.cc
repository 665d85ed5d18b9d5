#include "faults/process/container_text.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <nlohmann/json.hpp>

#include "faults/spec/container_name.h"
#include "harness/base/nearest.h"
#include "harness/base/reason.h"

namespace squall::faults {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kWholeId = 64;
constexpr std::size_t kShownOfId = 12;  // As docker ps and podman ps show them.
constexpr std::size_t kMostShown = 10;
constexpr std::string_view kSandbox = "POD";  // So docker and CRI-O call a pod's first container.

/// The text at `key` of an object; empty where there is none.
std::string text_at(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found == object.end() || !found->is_string() ? std::string() : found->get<std::string>();
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

void name(NamedContainer& container, const std::string& called) {
  if (is_container_name(called)) container.names.push_back(called);
}

void name_in_pod(NamedContainer& container, const std::string& space, const std::string& pod,
                 const std::string& called) {
  if (pod.empty() || called.empty()) return;
  name(container, pod + "/" + called);
  if (!space.empty()) name(container, space + "/" + pod + "/" + called);
}

/// A name as docker and the storage have it: "/web", "web"; of Kubernetes
/// "k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT".
void name_plainly(NamedContainer& container, std::string_view called) {
  if (called.starts_with('/')) called.remove_prefix(1);
  constexpr std::size_t kParts = 6;
  const auto parts = split(called, '_');
  if (parts.front() != "k8s" || parts.size() != kParts) {
    return name(container, std::string(called));
  }
  if (parts[1] == kSandbox) return;
  name_in_pod(container, std::string(parts[3]), std::string(parts[2]), std::string(parts[1]));
}

std::optional<NamedContainer> if_named(NamedContainer container) {
  if (container.id.size() != kWholeId || !is_container_id(container.id)) return {};
  if (container.names.empty()) return {};
  return container;
}

std::string listed(std::vector<std::string> words) {
  std::sort(words.begin(), words.end());
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i == kMostShown) return text + ", …";
    text += (i == 0 ? "" : ", ") + words[i];
  }
  return text;
}

Error none(std::string_view wanted, const std::set<std::string>& running,
           const std::vector<NamedContainer>& named) {
  std::vector<std::string> all;
  std::vector<std::string> shown;
  for (const NamedContainer& one : named) {
    all.insert(all.end(), one.names.begin(), one.names.end());
    shown.push_back(one.names.front());
  }
  const std::string near = nearest(wanted, all);
  std::string why = "containers that run: " + listed(shown);
  if (!near.empty()) why = "did you mean '" + near + "'?";
  if (shown.empty()) why = "none of those that run tells its name: give its id";
  if (running.empty()) why = "no container runs";
  return reason(std::errc::no_such_process,
                "nothing matches container " + std::string(wanted) + " (" + why + ")");
}

}  // namespace

std::optional<NamedContainer> parse_docker_container(std::string_view text) {
  const Json config = Json::parse(text, nullptr, false);
  NamedContainer container{.id = text_at(config, "ID"), .engine = "docker", .names = {}};
  name_plainly(container, text_at(config, "Name"));
  return if_named(std::move(container));
}

std::vector<NamedContainer> parse_stored_containers(std::string_view text) {
  const Json list = Json::parse(text, nullptr, false);
  std::vector<NamedContainer> all;
  if (!list.is_array()) return all;
  for (const Json& entry : list) {
    NamedContainer container{.id = text_at(entry, "id"), .engine = "podman", .names = {}};
    const Json names = entry.is_object() ? entry.value("names", Json()) : Json();
    if (!names.is_array()) continue;
    for (const Json& one : names) {
      if (!one.is_string()) continue;
      const auto called = one.get<std::string>();
      if (called.starts_with("k8s_")) container.engine = "cri-o";
      name_plainly(container, called);
    }
    if (auto whole = if_named(std::move(container))) all.push_back(*std::move(whole));
  }
  return all;
}

std::optional<NamedContainer> parse_bundle(std::string_view id, std::string_view text) {
  const Json config = Json::parse(text, nullptr, false);
  if (!config.is_object()) return {};
  const Json notes = config.value("annotations", Json());
  NamedContainer container{.id = std::string(id), .engine = "containerd", .names = {}};
  name_in_pod(container, text_at(notes, "io.kubernetes.cri.sandbox-namespace"),
              text_at(notes, "io.kubernetes.cri.sandbox-name"),
              text_at(notes, "io.kubernetes.cri.container-name"));
  name(container, text_at(notes, "nerdctl/name"));
  return if_named(std::move(container));
}

Result<std::string> container_meant(std::string_view wanted, const std::set<std::string>& running,
                                    const std::vector<NamedContainer>& named) {
  if (running.contains(std::string(wanted))) return std::string(wanted);
  std::vector<std::string> meant;
  std::string id;
  for (const NamedContainer& one : named) {
    const bool is_called = std::find(one.names.begin(), one.names.end(), wanted) != one.names.end();
    if (!running.contains(one.id) || !is_called) continue;
    id = one.id;
    meant.push_back(one.id.substr(0, kShownOfId) + " (" + one.engine + ", " + one.names.back() +
                    ")");
  }
  const bool is_name = !meant.empty();
  for (const std::string& one : running) {
    if (is_name || !is_container_id(wanted) || !one.starts_with(wanted)) continue;
    id = one;
    meant.push_back(one);
  }
  if (meant.empty()) return none(wanted, running, named);
  if (meant.size() == 1) return id;
  return reason(std::errc::invalid_argument, "container " + std::string(wanted) +
                                                 (is_name ? " is the name" : " begins the ids") +
                                                 " of " + std::to_string(meant.size()) +
                                                 " containers: " + listed(meant) +
                                                 (is_name ? "; give the id" : "; give more of it"));
}

}  // namespace squall::faults
