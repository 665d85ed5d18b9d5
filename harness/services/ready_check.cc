#include "harness/services/ready_check.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <stop_token>
#include <utility>

#include "harness/base/reason.h"

namespace squall::services {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr Duration kLongestAnswer = 1s;
constexpr Duration kBetween = 20ms;

/// Empty when the answer is as it should be, else what it was.
std::string ask(const ReadyCheck::Asking& asking, Duration timeout) {
  try {
    const auto status = asking.fetch(asking.url, timeout);
    if (!status) return in_words(status.error());
    if (*status == asking.status) return "";
    return "status " + std::to_string(*status);
  } catch (const std::exception& thrown) {
    return thrown.what();
  }
}

void keep_asking(const std::stop_token& stop, const ReadyCheck::Asking& asking) {
  std::mutex mutex;
  std::condition_variable_any wake;
  const auto deadline = Clock::now() + asking.within;
  bool is_late = false;
  std::string before;
  while (!stop.stop_requested()) {
    const Duration left = deadline - Clock::now();
    const bool bounded = !is_late && left > 1ms && left < kLongestAnswer;
    const std::string seen = ask(asking, bounded ? left : kLongestAnswer);
    if (stop.stop_requested()) return;
    if (seen.empty()) return asking.on_ready();
    if (!is_late && Clock::now() >= deadline) {
      is_late = true;
      // The last may have been cut short, and then says nothing of the service.
      asking.on_late(bounded && !before.empty() ? before : seen);
    }
    before = seen;
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, kBetween, [] { return false; });
  }
}

}  // namespace

ReadyCheck::ReadyCheck(Asking asking)
    : thread_([asking = std::move(asking)](const std::stop_token& stop) {
        keep_asking(stop, asking);
      }) {}

}  // namespace squall::services
