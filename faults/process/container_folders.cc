#include "faults/process/container_folders.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "harness/base/files.h"

namespace squall::faults {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostBytes = 32UL * 1024 * 1024;

/// A plain file's text; none where there is none that may be read.
std::optional<std::string> text_of(const fs::path& file) {
  std::error_code none;
  if (!fs::is_regular_file(file, none)) return {};
  auto text = read_file(file, kMostBytes);
  if (!text) return {};
  return *std::move(text);
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code none;
  fs::directory_iterator at(folder, none);
  for (; !none && at != fs::directory_iterator(); at.increment(none)) {
    std::error_code gone;
    if (at->is_directory(gone)) found.push_back(at->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

ContainerFolders ContainerFolders::of_this_machine() {
  ContainerFolders folders;
  for (const fs::path root : {"/", "/proc/1/root"}) {
    folders.docker.push_back(root / "var/lib/docker");
    folders.storage.push_back(root / "var/lib/containers/storage");
    folders.storage.push_back(root / "run/containers/storage");
    folders.bundles.push_back(root / "run/containerd/io.containerd.runtime.v2.task");
    folders.bundles.push_back(root / "run/k3s/containerd/io.containerd.runtime.v2.task");
  }
  const char* home = std::getenv("HOME");
  const char* data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr || home != nullptr) {
    const fs::path own = data != nullptr ? fs::path(data) : fs::path(home) / ".local/share";
    folders.docker.push_back(own / "docker");
    folders.storage.push_back(own / "containers/storage");
  }
  return folders;
}

std::vector<NamedContainer> ContainerFolders::names_of(const std::set<std::string>& ids) const {
  std::map<std::string, NamedContainer> found;  // The first that tells of one is believed.
  const auto note = [&](NamedContainer one) {
    if (ids.contains(one.id)) found.try_emplace(one.id, std::move(one));
  };
  for (const fs::path& folder : docker) {
    for (const std::string& id : ids) {
      const auto text = text_of(folder / "containers" / id / "config.v2.json");
      auto one = text ? parse_docker_container(*text) : std::nullopt;
      if (one && one->id == id) note(*std::move(one));
    }
  }
  for (const fs::path& folder : bundles) {
    for (const fs::path& space : folders_in(folder)) {
      for (const std::string& id : ids) {
        const auto text = text_of(space / id / "config.json");
        if (auto one = text ? parse_bundle(id, *text) : std::nullopt) note(*std::move(one));
      }
    }
  }
  for (const fs::path& folder : storage) {
    for (const fs::path& driver : folders_in(folder)) {
      if (!driver.filename().string().ends_with("-containers")) continue;
      for (const std::string_view list : {"containers.json", "volatile-containers.json"}) {
        const auto text = text_of(driver / list);
        if (!text) continue;
        for (NamedContainer& one : parse_stored_containers(*text)) note(std::move(one));
      }
    }
  }
  std::vector<NamedContainer> all;
  for (auto& [id, one] : found) all.push_back(std::move(one));
  return all;
}

}  // namespace squall::faults
