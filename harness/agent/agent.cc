#include "harness/agent/agent.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <system_error>
#include <thread>
#include <utility>

#include "harness/agent/attendance.h"
#include "harness/agent/complaints.h"
#include "harness/agent/line.h"
#include "harness/base/log.h"
#include "harness/base/reason.h"
#include "harness/control/agent_link.h"

namespace squall::agent {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr Duration kJoinWithin = 10s;
/// How often it is looked whether to stop while waiting.
constexpr Duration kTick = 20ms;
/// Each attempt to join, over the network.
constexpr Duration kDialWithin = 5s;
/// And each to get back: soon enough another is made, whose first packet may get through.
constexpr Duration kRedialWithin = 1500ms;

/// Between attempts to join: twice as long each time, and jittered, so that a fleet does not come
/// in volleys.
class Pauses {
 public:
  Duration next() {
    const Duration longest = std::exchange(longest_, std::min<Duration>(2 * longest_, 5s));
    return longest / 2 +
           Duration(std::uniform_int_distribution<Duration::rep>(0, longest.count() / 2)(random_));
  }

 private:
  Duration longest_ = 250ms;
  std::minstd_rand random_{std::random_device()()};
};

}  // namespace

Result<void> attend(const AgentOptions& options, const std::atomic<bool>& stop) {
  constexpr std::size_t kMostWarnings = 100;
  keep_warnings(kMostWarnings);
  const bool is_child = options.join.starts_with("unix:");
  Pauses pauses;
  Complaints complaints;
  const auto complain = [&complaints](const std::string& why) {
    const std::string line = complaints.take(why + ": it is asked again", Clock::now());
    if (!line.empty()) log_info(line);
  };
  const auto trusts = [&options](const control::AgentLink& link) {
    return Attendance::trust(options, link);
  };
  Line::Dial redial;
  if (!is_child) {
    redial = [&options](const std::atomic<bool>& abandon) {
      return control::AgentLink::dial(options.join, kRedialWithin, options.credentials, &abandon);
    };
  }
  while (!stop) {
    auto link = control::AgentLink::dial(options.join, is_child ? kJoinWithin : kDialWithin,
                                         options.credentials, &stop);
    if (link) {
      Line line(*std::move(link), Attendance::hello_of(options), trusts, redial);
      Attendance attendance(options, line, stop);
      const auto attended = attendance.attend();
      if (!attended) return attended.error();
      if (*attended) return {};
      const std::string& why = attendance.turned_away_because();
      if (is_child) {
        return reason(std::errc::operation_canceled,
                      why.empty() ? "it was told to end before it had work" : why);
      }
      if (!why.empty()) complain(why);
    } else if (is_child || link.error().code == std::errc::permission_denied) {
      return link.error();
    } else if (link.error().code == std::errc::timed_out) {
      complain(link.error().trail);
    }
    const Instant next = Clock::now() + pauses.next();
    while (!stop && Clock::now() < next) std::this_thread::sleep_for(kTick);
  }
  log_info("it was told to end, and had no work");
  return {};
}

}  // namespace squall::agent
