#include "harness/base/log.h"

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace squall {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> kLogger = [] {
    auto made = spdlog::stderr_color_mt("squall");
    made->set_pattern("%^%l%$: %v");
    return made;
  }();
  return *kLogger;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kQuiet:
      return spdlog::level::err;
    case LogLevel::kNormal:
      return spdlog::level::info;
    case LogLevel::kVerbose:
      return spdlog::level::debug;
  }
  return spdlog::level::info;
}

void say(spdlog::level::level_enum level, std::string_view line) noexcept {
  try {
    logger().log(level, "{}", line);
  } catch (const std::exception&) {  // A line that cannot be said must not end a run.
  }
}

/// Warnings for whoever asks.
struct Kept {
  std::mutex mutex;
  std::size_t most = 0;
  std::set<std::string, std::less<>> seen;
  std::vector<std::string> lines;
};

Kept& kept() {
  static Kept all;
  return all;
}

/// False when this line was kept before.
bool keep(std::string_view line) noexcept {
  try {
    Kept& all = kept();
    const std::lock_guard lock(all.mutex);
    if (all.seen.contains(line)) return false;
    if (all.seen.size() > all.most || all.most == 0) return true;
    const bool is_full = all.seen.size() == all.most;
    all.seen.emplace(line);
    all.lines.emplace_back(is_full ? "there were more warnings than are kept: see stderr" : line);
  } catch (const std::exception&) {  // As above.
  }
  return true;
}

}  // namespace

void keep_warnings(std::size_t most) {
  const std::lock_guard lock(kept().mutex);
  kept().most = most;
}

std::vector<std::string> take_warnings() {
  const std::lock_guard lock(kept().mutex);
  return std::exchange(kept().lines, {});
}

void set_up_log(LogLevel level, std::string_view who) {
  logger().set_level(to_spdlog(level));
  logger().set_pattern(who == "squall" ? "%^%l%$: %v" : "%^%l%$: " + std::string(who) + ": %v");
}

void log_warning(std::string_view line) noexcept {
  if (keep(line)) say(spdlog::level::warn, line);
}
void log_error(std::string_view line) noexcept { say(spdlog::level::err, line); }
void log_info(std::string_view line) noexcept { say(spdlog::level::info, line); }
void log_debug(std::string_view line) noexcept { say(spdlog::level::debug, line); }

}  // namespace squall
