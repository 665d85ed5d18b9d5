#include "harness/coordinator/probe_post.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

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
  const std::vector<std::string> lacking = unmet(*reply, probe.expect);
  seen.is_good = lacking.empty();
  std::vector<std::string> words{fmt::format("status {}", reply->status)};
  for (const std::string& one : lacking) {
    if (one != words.front()) words.push_back(one);
  }
  seen.seen = fmt::format("{}", fmt::join(words, ", "));
  return seen;
}

}  // namespace

std::vector<std::string> unmet(const ProbeReply& reply, const generators::ExpectSpec& expect) {
  constexpr int kLowestBad = 400;
  std::vector<std::string> lacking;
  const auto holds = [&](const generators::StatusRange& range) {
    return range.low <= reply.status && reply.status <= range.high;
  };
  const bool is_status = expect.status.empty()
                             ? reply.status < kLowestBad
                             : std::any_of(expect.status.begin(), expect.status.end(), holds);
  if (!is_status) lacking.push_back(fmt::format("status {}", reply.status));
  for (const auto& expected : expect.headers) {
    const auto& [name, text] = expected;
    const bool has_it =
        std::any_of(reply.headers.begin(), reply.headers.end(), [&](const auto& header) {
          return header.first == expected.first &&
                 header.second.find(expected.second) != std::string::npos;
        });
    if (!has_it) lacking.push_back(fmt::format("without \"{}: {}\"", name, text));
  }
  if (expect.body_contains && reply.body.find(*expect.body_contains) == std::string::npos) {
    lacking.push_back(fmt::format("without \"{}\"", *expect.body_contains));
  }
  return lacking;
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
