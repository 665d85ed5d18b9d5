#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "faults/pressure/machine.h"
#include "faults/pressure/stressors.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kStep = std::uint64_t{64} << 20U;
constexpr std::uint64_t kWritten = std::uint64_t{1} << 20U;  // At once, without fallocate.
constexpr std::uint64_t kBlock = 4096;
constexpr Duration kWatchEvery = 100ms;
constexpr double kNear = 0.001;  // A share is reached within a tenth of a percent.

/// Takes room by a file without a name, which the kernel gives back when the process ends.
class DiskFillStressor : public Stressor {
 public:
  DiskFillStressor(DiskFillPressure asked, UniqueFd file, const DiskRoom& room)
      : asked_(std::move(asked)),
        file_(std::move(file)),
        goal_(disk_goal(asked_, room)),
        reserve_(disk_reserve(asked_, room)) {}

  Result<Duration> step() override {
    if (held_ >= goal_ || is_full_) return kWatchEvery;
    SQUALL_TRY(const auto room, disk_room(asked_.path));
    const std::uint64_t free = room.available > reserve_ ? room.available - reserve_ : 0;
    const std::uint64_t piece = std::min({goal_ - held_, free, step_});
    if (piece == 0) {
      is_full_ = true;
      return kWatchEvery;
    }
    const int failure = allocate(piece);
    if (failure == 0) return Duration::zero();
    if (failure != ENOSPC && failure != EDQUOT) {
      return error(static_cast<std::errc>(failure), "take room of " + asked_.path);
    }
    step_ = piece / 2;  // There may be room for less.
    if (step_ < kBlock) is_full_ = true;
    return Duration::zero();
  }

  PressureReport look() override {
    using State = PressureReport::State;
    const auto room = disk_room(asked_.path);
    PressureReport report;
    report.seen = "holds " + size_words(held_) + " of " + asked_.path;
    if (room) report.seen += ", of which " + share_words(room->used_share()) + " is in use";
    if (goal_ == 0) {
      report.state = State::kShort;
      report.why_not = "as much as was asked for was in use already";
    } else if (held_ >= goal_ ||
               (room && asked_.share && room->used_share() >= asked_.share->value - kNear)) {
      report.state = State::kPresses;
    } else if (!is_full_) {
      report.why_not = "it was not done with " + size_words(goal_) + " yet";
    } else {
      report.state = State::kShort;
      report.why_not = "it holds " + size_words(held_) + " of " + size_words(goal_) +
                       ", and there is no more room" +
                       (reserve_ > 0 ? " (" + size_words(reserve_) + " are left free)" : "");
    }
    return report;
  }

 private:
  /// The errno, or 0.
  int allocate(std::uint64_t piece) {
    const auto at = static_cast<off_t>(held_);
    if (can_allocate_) {
      int done = 0;
      do {
        done = ::fallocate(file_.get(), 0, at, static_cast<off_t>(piece));
      } while (done != 0 && errno == EINTR);
      if (done == 0) {
        held_ += piece;
        return 0;
      }
      if (errno != EOPNOTSUPP) return errno;
      can_allocate_ = false;
    }
    return write_down(piece);
  }

  /// Where there is no fallocate: bytes that do not compress.
  int write_down(std::uint64_t piece) {
    std::vector<std::uint64_t> words(std::min(piece, kWritten) / sizeof(std::uint64_t) + 1);
    for (std::uint64_t& word : words) {
      random_ ^= random_ << 13U;
      random_ ^= random_ >> 7U;
      random_ ^= random_ << 17U;
      word = random_;
    }
    const ssize_t written =
        ::pwrite(file_.get(), words.data(), std::min(piece, kWritten), static_cast<off_t>(held_));
    if (written < 0) return errno == EINTR ? 0 : errno;
    held_ += static_cast<std::uint64_t>(written);
    return 0;
  }

  const DiskFillPressure asked_;
  const UniqueFd file_;
  const std::uint64_t goal_;
  const std::uint64_t reserve_;
  std::uint64_t held_ = 0;
  std::uint64_t step_ = kStep;
  std::uint64_t random_ = 0x9E3779B97F4A7C15U;
  bool can_allocate_ = true;
  bool is_full_ = false;
};

}  // namespace

Result<std::unique_ptr<Stressor>> make_stressor(const DiskFillPressure& asked) {
  SQUALL_TRY(auto file, open_nameless(asked.path));
  SQUALL_TRY(const auto room, disk_room(asked.path));
  return std::unique_ptr<Stressor>(
      std::make_unique<DiskFillStressor>(asked, std::move(file), room));
}

}  // namespace squall::faults
