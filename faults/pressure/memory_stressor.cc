#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "faults/pressure/machine.h"
#include "faults/pressure/stressors.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kPiece = std::uint64_t{1} << 20U;
constexpr std::uint64_t kStep = std::uint64_t{64} << 20U;  // Then it looks at its bounds again.
constexpr Duration kStepWithin = 20ms;  // Where memory comes slowly it must hear of its end, too.
constexpr Duration kWatchEvery = 100ms;

/// A piece of memory that is really there.
class Piece {
 public:
  /// Empty when the kernel gives none.
  static std::optional<Piece> make(std::uint64_t size) {
    void* start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return std::nullopt;
    // Each page other than the next, so that none is merged with another.
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    static std::uint64_t number = 0;
    for (std::uint64_t at = 0; at < size; at += page) {
      *static_cast<std::uint64_t*>(static_cast<void*>(static_cast<char*>(start) + at)) = ++number;
    }
    return Piece(start, size);
  }
  Piece(Piece&& other) noexcept
      : start_(std::exchange(other.start_, nullptr)), size_(other.size_) {}
  Piece& operator=(Piece&&) = delete;
  Piece(const Piece&) = delete;
  Piece& operator=(const Piece&) = delete;
  ~Piece() {
    if (start_ != nullptr) ::munmap(start_, size_);
  }
  std::uint64_t size() const { return size_; }

 private:
  Piece(void* start, std::uint64_t size) : start_(start), size_(size) {}
  void* start_;
  std::uint64_t size_;
};

/// Holds memory up to its goal, and gives it back where a reserve is touched.
class MemoryStressor : public Stressor {
 public:
  MemoryStressor(const MemoryPressure& asked, const std::vector<MemoryBound>& bounds)
      : goal_(memory_goal(asked, bounds)), resident_before_(resident_memory()) {}

  Result<Duration> step() override {
    SQUALL_TRY(const auto bounds, memory_bounds());
    const std::uint64_t to = memory_to_hold(held_, goal_, bounds);
    if (to < held_) {
      while (held_ > to) give_back();
      is_growing_ = false;
      has_given_back_ = true;
      return kWatchEvery;
    }
    // After it has met a reserve it takes more only when there is plenty again.
    if (!is_growing_ && to < goal_ && to - held_ < 2 * kStep) return kWatchEvery;
    is_growing_ = take(std::min(to, held_ + kStep)) && held_ < to;
    return is_growing_ ? Duration::zero() : kWatchEvery;
  }

  PressureReport look() override {
    using State = PressureReport::State;
    const std::uint64_t resident = resident_memory();
    PressureReport report;
    report.seen = "holds " + size_words(held_) + " (" +
                  size_words(resident > resident_before_ ? resident - resident_before_ : 0) +
                  " more resident)";
    if (goal_ == 0) {
      report.state = State::kShort;
      report.why_not = "as much as was asked for was in use already";
    } else if (held_ >= goal_) {
      report.state = State::kPresses;
    } else if (is_growing_) {
      report.why_not = "it was not done with " + size_words(goal_) + " yet";
    } else {
      report.state = State::kShort;
      report.why_not = (has_given_back_ ? "it gave back what others needed: " : "it holds ") +
                       size_words(held_) + " of " + size_words(goal_) +
                       (is_refused_ ? ", and the kernel gives no more" : ", and keeps a reserve");
    }
    return report;
  }

 private:
  /// False when the kernel gives no more.
  bool take(std::uint64_t to) {
    const auto until = std::chrono::steady_clock::now() + kStepWithin;
    while (held_ < to && std::chrono::steady_clock::now() < until) {
      auto piece = Piece::make(std::min(kPiece, to - held_));
      is_refused_ = !piece;
      if (!piece) return false;
      held_ += piece->size();
      pieces_.push_back(*std::move(piece));
    }
    return true;
  }

  void give_back() {
    held_ -= pieces_.back().size();
    pieces_.pop_back();
  }

  const std::uint64_t goal_;
  const std::uint64_t resident_before_;
  std::uint64_t held_ = 0;
  bool is_growing_ = true;
  bool is_refused_ = false;
  bool has_given_back_ = false;
  std::vector<Piece> pieces_;
};

}  // namespace

Result<std::unique_ptr<Stressor>> make_stressor(const MemoryPressure& asked) {
  SQUALL_TRY(const auto bounds, memory_bounds());
  return std::unique_ptr<Stressor>(std::make_unique<MemoryStressor>(asked, bounds));
}

}  // namespace squall::faults
