#include <chrono>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/reason.h"
#include "harness/cli/commands.h"
#include "harness/coordinator/live_order.h"
#include "harness/coordinator/run_lock.h"

namespace squall::cli {
namespace {

constexpr std::chrono::seconds kPatience{5};

int refuse(const std::string& why) {
  fmt::print(stderr, "squall ctl: {}\n", why);
  return kExitUsage;
}

}  // namespace

int ctl(const CtlCommand& command) {
  const auto folder = coordinator::find_run(command.run);
  if (!folder) return refuse(in_words(folder.error()));
  const std::string text = fmt::format("{}", fmt::join(command.words, " "));
  if (text == "stop") {
    const auto asked = coordinator::ask_to_stop(*folder, coordinator::StopWish::kSoon);
    return asked ? kExitOk : refuse(in_words(asked.error()));
  }
  if (command.words.front() == "stop") {
    return refuse("stop stands alone: what is '" + command.words[1] + "'?");
  }
  if (const auto order = coordinator::parse_live_order(text); !order) {
    const bool is_none = order.error().code == std::errc::not_supported;
    return refuse(order.error().trail + (is_none ? ", or stop" : ""));
  }
  const auto answer = coordinator::give_order(*folder, text, kPatience);
  if (!answer) return refuse(in_words(answer.error()));
  if (!answer->starts_with(coordinator::kObeyed)) {
    return answer->empty() ? kExitOk : refuse(*answer);
  }
  fmt::print("{}\n", answer->substr(coordinator::kObeyed.size()));
  return kExitOk;
}

}  // namespace squall::cli
