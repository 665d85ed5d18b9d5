#include "harness/agent/state_directory.h"

#include <cstdlib>
#include <string>

#include <unistd.h>

namespace squall::agent {
namespace {

std::filesystem::path choose() {
  const auto set = [](const char* name) -> std::filesystem::path {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
  };
  if (const auto chosen = set("SQUALL_STATE_DIR"); !chosen.empty()) return chosen;
  if (geteuid() == 0) return "/var/lib/squall";
  if (const auto state = set("XDG_STATE_HOME"); !state.empty()) return state / "squall";
  if (const auto home = set("HOME"); !home.empty()) return home / ".local/state/squall";
  return std::filesystem::path("/tmp") / ("squall-" + std::to_string(geteuid()));
}

}  // namespace

Result<std::filesystem::path> state_directory() {
  namespace fs = std::filesystem;
  const fs::path path = choose();
  std::error_code failure;
  if (fs::create_directories(path, failure)) {
    fs::permissions(path, fs::perms::owner_all, failure);
  }
  if (failure) {
    return Error{failure, "make folder " + path.string() + " for journals (set SQUALL_STATE_DIR)"};
  }
  return path;
}

}  // namespace squall::agent
