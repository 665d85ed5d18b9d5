#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>

#include "faults/pressure/machine.h"
#include "faults/pressure/stressors.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kOwn = 32;      // Descriptors that are needed otherwise.
constexpr std::uint64_t kStep = 20000;  // Opened before it looks around again.
constexpr Duration kWatchEvery = 100ms;

std::uint64_t open_descriptors() {
  std::uint64_t count = 0;
  std::error_code ignored;
  for ([[maybe_unused]] const auto& one :
       std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // Less the one that reads the folder.
}

/// Holds files open: each is one of the machine's file table, not a copy of another.
class DescriptorsStressor : public Stressor {
 public:
  DescriptorsStressor(std::uint64_t goal, std::uint64_t hard_limit)
      : goal_(goal), hard_limit_(hard_limit) {}

  Result<Duration> step() override {
    SQUALL_TRY(auto table, file_table());
    table.used -= std::min<std::uint64_t>(table.used, files_.size());  // Its own.
    const std::uint64_t to = descriptors_to_hold(goal_, table, hard_limit_, kOwn);
    if (files_.size() > to) {  // Others have opened so many.
      files_.resize(to);
    } else if (!is_stuck_) {
      for (std::uint64_t left = kStep; files_.size() < to && left > 0 && !is_stuck_; --left) {
        UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        is_stuck_ = !file;
        if (file) files_.push_back(std::move(file));
      }
    }
    is_growing_ = files_.size() < to && !is_stuck_;
    return is_growing_ ? Duration::zero() : kWatchEvery;
  }

  PressureReport look() override {
    using State = PressureReport::State;
    PressureReport report;
    report.seen = "holds " + std::to_string(files_.size()) + " files open (" +
                  std::to_string(open_descriptors()) + " in /proc/self/fd";
    if (const auto table = file_table()) {
      report.seen += ", " + std::to_string(table->used) + " on the machine";
    }
    report.seen += ")";
    if (goal_ == 0) {
      report.state = State::kShort;
      report.why_not = "as many as were asked for were in use already";
    } else if (files_.size() >= goal_) {
      report.state = State::kPresses;
    } else if (is_growing_) {
      report.why_not = "it was not done with " + std::to_string(goal_) + " yet";
    } else {
      report.state = State::kShort;
      report.why_not = "it holds " + std::to_string(files_.size()) + " of " +
                       std::to_string(goal_) + " files: a process may have " +
                       std::to_string(hard_limit_) +
                       ", and of the machine's file table a reserve is left";
    }
    return report;
  }

 private:
  const std::uint64_t goal_;
  const std::uint64_t hard_limit_;
  bool is_growing_ = true;
  bool is_stuck_ = false;
  std::vector<UniqueFd> files_;
};

}  // namespace

Result<std::unique_ptr<Stressor>> make_stressor(const DescriptorsPressure& asked) {
  SQUALL_TRY(const auto table, file_table());
  const std::uint64_t goal = descriptors_goal(asked, table);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return error(static_cast<std::errc>(errno), "read the limit of descriptors");
  }
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return error(static_cast<std::errc>(errno), "raise the limit of descriptors");
  }
  return std::unique_ptr<Stressor>(std::make_unique<DescriptorsStressor>(goal, limit.rlim_max));
}

}  // namespace squall::faults
