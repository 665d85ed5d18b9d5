#include "harness/coordinator/probe_post.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <utility>

#include <fmt/format.h>

namespace squall::coordinator {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr Duration kLongestAnswer = 2s;
constexpr Duration kSoonest = 20ms;

ProbeSeen seen_of(const scenarios::ProbeSpec& probe, Instant at, Result<ProbeReply> reply) {
  ProbeSeen seen{.probe = probe.name, .at = at, .is_good = false, .seen = {}};
  if (!reply) {
    seen.seen = reply.error().message();
    return seen;
  }
  seen.is_good = is_as_expected(*reply, probe.expect);
  seen.seen = fmt::format("status {}", reply->status);
  const bool lacks_text = probe.expect.body_contains &&
                          reply->body.find(*probe.expect.body_contains) == std::string::npos;
  if (lacks_text) seen.seen += fmt::format(", without \"{}\"", *probe.expect.body_contains);
  return seen;
}

}  // namespace

bool is_as_expected(const ProbeReply& reply, const generators::ExpectSpec& expect) {
  constexpr int kLowestBad = 400;
  const auto holds = [&](const generators::StatusRange& range) {
    return range.low <= reply.status && reply.status <= range.high;
  };
  const bool is_status = expect.status.empty()
                             ? reply.status < kLowestBad
                             : std::any_of(expect.status.begin(), expect.status.end(), holds);
  return is_status &&
         (!expect.body_contains || reply.body.find(*expect.body_contains) != std::string::npos);
}

ProbePost::ProbePost(const std::vector<scenarios::ProbeSpec>& probes, Fetch fetch)
    : fetch_(std::move(fetch)) {
  for (const scenarios::ProbeSpec& probe : probes) {
    threads_.emplace_back([this, probe](const std::stop_token& stop) { ask(stop, probe); });
  }
}

std::vector<ProbeSeen> ProbePost::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(seen_, {});
}

void ProbePost::ask(const std::stop_token& stop, const scenarios::ProbeSpec& probe) {
  std::mutex sleep;
  std::condition_variable_any wake;
  const Duration every = std::max(probe.every, kSoonest);
  Instant due = Clock::now();
  while (!stop.stop_requested()) {
    const Instant now = Clock::now();
    ProbeSeen seen = seen_of(probe, now, fetch_(probe.url, kLongestAnswer));
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(std::move(seen));
    }
    // What was missed while an answer was slow is not asked in a volley.
    due = std::max(due + every, Clock::now());
    std::unique_lock lock(sleep);
    wake.wait_until(lock, stop, due, [] { return false; });
  }
}

}  // namespace squall::coordinator
