#include "faults/pressure/pressing.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <variant>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "faults/pressure/cgroup.h"
#include "faults/pressure/stressors.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr Duration kToldWithin = 2s;
constexpr Duration kLongestWait = 250ms;

template <typename Pressure>
Result<std::unique_ptr<Stressor>> make_in_place(const Pressure& asked) {
  if constexpr (requires { asked.cgroup; }) {
    if (asked.cgroup) {
      SQUALL_TRY(const auto folder, find_cgroup(*asked.cgroup, controller_of(asked)));
      if (auto joined = join_cgroup(folder); !joined) return std::move(joined).error();
    }
  }
  return make_stressor(asked);
}

/// False when it was not taken. When nobody is there any more, that shows soon enough.
bool send(int line, const PressureReport& report) {
  const std::string message = to_message(report);
  return ::send(line, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

int fail(int line, const Error& why) {
  send(line, {.state = PressureReport::State::kFailed, .seen = {}, .why_not = why.message()});
  return EXIT_FAILURE;
}

/// Waits for a message or the end of the line; false when neither came.
bool is_called(int line, Duration wait) {
  pollfd one{.fd = line, .events = POLLIN, .revents = 0};
  const auto limit = std::chrono::ceil<std::chrono::milliseconds>(std::max(wait, Duration::zero()));
  return ::poll(&one, 1, static_cast<int>(limit.count())) > 0;
}

}  // namespace

int press(int line, const PressureOrder& order) {
  const Instant start = Clock::now();
  const Instant end = start + order.length;
  ::signal(SIGXFSZ, SIG_IGN);  // Its limit is an error to tell of.
  std::ofstream("/proc/self/oom_score_adj") << 1000 << std::flush;

  auto made = std::visit([](const auto& asked) { return make_in_place(asked); }, order.fault.what);
  if (!made) return fail(line, made.error());
  Stressor& stressor = **made;
  bool has_told = false;
  while (Clock::now() < end) {
    const auto wait = stressor.step();
    if (!wait) return fail(line, wait.error());
    if (!has_told) {
      const PressureReport report = stressor.look();
      const bool is_told =
          report.state != PressureReport::State::kWorking || Clock::now() - start >= kToldWithin;
      has_told = is_told && send(line, report);
    }
    if (!is_called(line, std::min({*wait, kLongestWait, Duration(end - Clock::now())}))) continue;
    char word = 0;
    if (::recv(line, &word, 1, MSG_DONTWAIT) > 0) send(line, stressor.look());
    break;
  }
  // Without a word to the threads that press: the kernel ends them, and takes all back.
  ::_exit(EXIT_SUCCESS);
}

}  // namespace squall::faults
