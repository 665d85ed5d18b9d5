#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "faults/pressure/machine.h"
#include "faults/pressure/stressors.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kBlock = std::uint64_t{256} << 10U;  // Written, then waited for.

/// Each worker writes its file over and over, a block at a time, and waits until it is on disk.
class IoStressor : public Stressor {
 public:
  IoStressor(const IoPressure& asked, std::vector<UniqueFd> files)
      : path_(asked.path), size_(asked.size.count), files_(std::move(files)) {
    for (const UniqueFd& file : files_) {
      threads_.emplace_back([this, descriptor = file.get()] { work(descriptor); });
    }
  }
  ~IoStressor() override {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

  Result<Duration> step() override {
    if (const int failure = failure_) {
      return error(static_cast<std::errc>(failure), "write at " + path_);
    }
    return Duration(20ms);
  }

  PressureReport look() override {
    const std::uint64_t blocks = blocks_;
    const Duration length = Clock::now() - start_;
    PressureReport report;
    report.seen = size_words(blocks * kBlock) + " written to " + path_ + ", each of " +
                  std::to_string(blocks) + " blocks waited for until it was on disk";
    if (blocks > 0) {
      report.seen += ", " +
                     size_words(static_cast<std::uint64_t>(static_cast<double>(blocks * kBlock) /
                                                           to_seconds(length))) +
                     "/s";
    }
    report.state =
        blocks >= files_.size() ? PressureReport::State::kPresses : PressureReport::State::kWorking;
    if (blocks < files_.size()) report.why_not = "not a block for each worker was on disk yet";
    return report;
  }

 private:
  void work(int file) {
    const std::vector<char> block(kBlock, 'x');
    for (std::uint64_t at = 0; !stop_; at = at + 2 * kBlock > size_ ? 0 : at + kBlock) {
      const ssize_t written = ::pwrite(file, block.data(), block.size(), static_cast<off_t>(at));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0 || ::fdatasync(file) != 0) {
        failure_ = errno;
        return;
      }
      ++blocks_;
    }
  }

  const std::string path_;
  const std::uint64_t size_;
  const std::vector<UniqueFd> files_;
  const Instant start_ = Clock::now();
  std::atomic<std::uint64_t> blocks_ = 0;
  std::atomic<int> failure_ = 0;
  std::atomic<bool> stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

Result<std::unique_ptr<Stressor>> make_stressor(const IoPressure& asked) {
  SQUALL_TRY(const auto room, disk_room(asked.path));
  // It is to keep the disk busy, not to fill it.
  const DiskFillPressure as_filled{.path = asked.path, .size = asked.size, .share = {}};
  const std::uint64_t reserve = disk_reserve(as_filled, room);
  if (asked.size.count * asked.workers + reserve > room.available) {
    return error(std::errc::no_space_on_device, "write " + std::to_string(asked.workers) +
                                                    " files of " + size_words(asked.size.count) +
                                                    " to " + asked.path);
  }
  std::vector<UniqueFd> files;
  for (std::uint64_t worker = 0; worker < asked.workers; ++worker) {
    SQUALL_TRY(auto file, open_nameless(asked.path));
    files.push_back(std::move(file));
  }
  return std::unique_ptr<Stressor>(std::make_unique<IoStressor>(asked, std::move(files)));
}

}  // namespace squall::faults
