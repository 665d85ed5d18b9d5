#include "harness/base/log.h"

#include <chrono>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "harness/base/warn_again.h"

namespace squall {
namespace {

using Clock = std::chrono::steady_clock;

/// What comes again and again is no news each time.
constexpr auto kQuiet = std::chrono::seconds(2);

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
  WarningClock clock = Clock::now;
  std::size_t most = 0;
  std::size_t count = 0;                                       // Of those that were kept.
  std::map<std::string, Clock::time_point, std::less<>> seen;  // And when they last came.
  std::vector<std::string> lines;
};

Kept& kept() {
  static Kept all;
  return all;
}

/// False when this line was kept before, or, where it may come `again`, came a moment ago.
bool keep(std::string_view line, bool again) noexcept {
  try {
    Kept& all = kept();
    const std::lock_guard lock(all.mutex);
    const auto now = all.clock();
    if (const auto found = all.seen.find(line); found != all.seen.end()) {
      const auto last = std::exchange(found->second, now);
      if (!again || now - last < kQuiet) return false;
    }
    if (all.count > all.most || all.most == 0) return true;
    const bool is_full = all.count++ == all.most;
    all.seen.emplace(line, now);
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
  if (keep(line, false)) say(spdlog::level::warn, line);
}
void log_warning_again(std::string_view line) noexcept {
  if (keep(line, true)) say(spdlog::level::warn, line);
}
void set_warning_clock(WarningClock clock) noexcept {
  const std::lock_guard lock(kept().mutex);
  kept().clock = clock;
}
void log_error(std::string_view line) noexcept { say(spdlog::level::err, line); }
void log_info(std::string_view line) noexcept { say(spdlog::level::info, line); }
void log_debug(std::string_view line) noexcept { say(spdlog::level::debug, line); }

}  // namespace squall
