#include "harness/base/log.h"

#include <exception>
#include <memory>
#include <mutex>

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

}  // namespace

void set_up_log(LogLevel level, std::string_view who) {
  logger().set_level(to_spdlog(level));
  logger().set_pattern(who == "squall" ? "%^%l%$: %v" : "%^%l%$: " + std::string(who) + ": %v");
}

void log_warning(std::string_view line) noexcept { say(spdlog::level::warn, line); }
void log_error(std::string_view line) noexcept { say(spdlog::level::err, line); }
void log_info(std::string_view line) noexcept { say(spdlog::level::info, line); }
void log_debug(std::string_view line) noexcept { say(spdlog::level::debug, line); }

}  // namespace squall
