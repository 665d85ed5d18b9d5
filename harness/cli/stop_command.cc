#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/reason.h"
#include "harness/cli/commands.h"
#include "harness/coordinator/run_lock.h"

namespace squall::cli {
namespace {

/// The verdict in the folder's results.json; empty when there is none.
std::string verdict_in(const std::filesystem::path& folder) {
  std::ifstream file(folder / "results.json");
  const auto results = nlohmann::json::parse(file, nullptr, false);
  if (!results.is_object() || !results.contains("verdict")) return "";
  const auto& verdict = results["verdict"];
  return verdict.is_string() ? verdict.get<std::string>() : "";
}

}  // namespace

int stop(const StopCommand& command) {
  using namespace std::chrono_literals;
  const auto folder = coordinator::find_run(command.run);
  if (!folder) {
    fmt::print(stderr, "squall stop: {}\n", in_words(folder.error()));
    return kExitUsage;
  }
  const auto asked = coordinator::ask_to_stop(
      *folder, command.now ? coordinator::StopWish::kAtOnce : coordinator::StopWish::kSoon);
  if (!asked) {
    fmt::print(stderr, "squall stop: {}\n", in_words(asked.error()));
    return kExitUsage;
  }
  if (command.no_wait) return kExitOk;
  while (coordinator::is_running(*folder)) std::this_thread::sleep_for(50ms);
  const std::string verdict = verdict_in(*folder);
  fmt::print("{}: {}\n", folder->string(), verdict.empty() ? "ended without results" : verdict);
  return verdict.empty() ? kExitError : kExitOk;
}

}  // namespace squall::cli
