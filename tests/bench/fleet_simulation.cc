// Many agents in one process, which offer nothing and tell of it as real ones do: each has a Line
// of its own, answers leases and sends a snapshot each second. fleet_scale.py starts it.
//
// What was recorded is printed as JSON in the end, to be held against what the coordinator made of
// it.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/agent/line.h"
#include "harness/base/log.h"
#include "harness/control/agent_link.h"
#include "harness/control/convert.h"
#include "harness/control/protocol.h"
#include "reports/measure/snapshot.h"

namespace squall {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr Duration kTick = 20ms;
/// As a real agent hands over what it measured.
constexpr Duration kHandOver = 100ms;
constexpr Duration kDialWithin = 30s;
/// A coordinator that says nothing for so long has gone.
constexpr Duration kSilence = 60s;
constexpr int kOk = 200;

/// These four, and ok responses: five series of each load.
constexpr std::array kRecorded{reports::Metric::kResponse, reports::Metric::kService,
                               reports::Metric::kTtfb, reports::Metric::kLateness};

struct Options {
  std::string join;
  std::optional<control::Credentials> credentials;
  std::size_t agents = 0;
  std::uint64_t requests = 0;  ///< Of each load, by each agent, in each second.
  std::int64_t seconds = 0;
};

/// What one thread's agents recorded, all together.
struct Recorded {
  std::uint64_t snapshots = 0;
  std::size_t done = 0;       ///< Agents that were told that all was taken.
  std::size_t not_taken = 0;  ///< Agents that were refused, or that nobody answered.
  std::size_t waiting = 0;    ///< Messages not acknowledged at the end of each agent's load.
  std::map<std::string, reports::SecondCell> loads;

  void add(const Recorded& other) {
    snapshots += other.snapshots;
    done += other.done;
    not_taken += other.not_taken;
    waiting += other.waiting;
    for (const auto& [load, cell] : other.loads) loads[load].merge(cell);
  }
};

/// One agent's way through a run.
///
/// Lifecycle:  made with a stream → pass(), often, until is_over().
/// Threads:    one owner at a time. Errors: counted in what was recorded.
class SimulatedAgent {
 public:
  SimulatedAgent(const Options& options, std::size_t number, agent::Line::Stream stream,
                 Recorded& recorded)
      : options_(options),
        recorded_(recorded),
        line_(
            std::move(stream), hello(number), [](const auto&) { return Result<void>(); },
            [&options](const std::atomic<bool>& abandon) {
              return control::AgentLink::dial(options.join, 1500ms, options.credentials, &abandon);
            }),
        random_(static_cast<std::minstd_rand::result_type>(number + 1)) {}

  bool is_over() const { return is_over_; }

  void pass() {
    while (const auto order = line_.hear(Clock::now())) {
      heard_ = Clock::now();
      obey(*order);
    }
    if ((line_.has_ended() || Clock::now() - heard_ > kSilence) && !is_over_) {
      ++recorded_.not_taken;
      is_over_ = true;
    }
    if (!start_ || said_done_) return;
    const Instant now = Clock::now();
    if (now < *start_ + std::chrono::seconds(second_ + 1) + kHandOver) return;
    send_snapshot(second_++, true);
    if (second_ == options_.seconds || is_stopping_) finish();
  }

 private:
  static wire::FromAgent hello(std::size_t number) {
    wire::FromAgent message;
    message.mutable_hello()->set_name(fmt::format("simulated.{:05}", number));
    control::sign(*message.mutable_hello());
    return message;
  }

  void obey(const wire::ToAgent& order) {
    wire::FromAgent answer;
    switch (order.what_case()) {
      case wire::ToAgent::kLease:
        answer.mutable_lease_seen()->set_coordinator_ns(order.lease().coordinator_ns());
        answer.mutable_lease_seen()->set_agent_ns(Clock::now().time_since_epoch().count());
        answer.mutable_lease_seen()->set_agent_wall_ns(
            std::chrono::duration_cast<Duration>(
                std::chrono::system_clock::now().time_since_epoch())
                .count());
        return line_.send(std::move(answer));
      case wire::ToAgent::kShare:
        for (const wire::LoadPart& part : order.share().loads()) {
          second_of_.push_back({.load = part.load(), .second = 0, .cell = {}});
        }
        line_.resume_as(order.share().run_id(), Duration(order.share().lease_ns()) / 2);
        answer.mutable_prepared();
        return line_.send(std::move(answer));
      case wire::ToAgent::kStart:
        start_ = Instant(Duration(order.start().at_ns()));
        return;
      case wire::ToAgent::kStop:
        is_stopping_ = true;
        return;
      case wire::ToAgent::kRefused:
        ++recorded_.not_taken;
        is_over_ = true;
        return;
      case wire::ToAgent::kFinish:
        ++recorded_.done;
        is_over_ = true;
        return;
      default:
        return;
    }
  }

  void record(reports::LoadSecond& of, std::int64_t second) {
    of.second = second;
    reports::SecondCell& cell = of.cell;
    cell.clear();
    cell.due = cell.sent = cell.completed = cell.ok = cell.ok_by_due = options_.requests;
    cell.status[kOk] = cell.status_by_due[kOk] = options_.requests;
    reports::SecondCell& all = recorded_.loads[of.load];
    all.due += options_.requests;
    all.ok += options_.requests;
    std::lognormal_distribution<double> millis(2.0, 0.6);
    for (std::uint64_t i = 0; i < options_.requests; ++i) {
      const auto response = std::chrono::duration_cast<Duration>(
          std::chrono::duration<double, std::milli>(millis(random_)));
      for (const reports::Metric metric : kRecorded) {
        const bool is_ours = metric == reports::Metric::kLateness;
        const Duration value = is_ours ? response / 50 : response - response / 100;
        cell.of(metric).record(value);
        all.of(metric).record(value);
      }
      cell.ok_response.record(response);
    }
  }

  void send_snapshot(std::int64_t second, bool has_requests) {
    reports::Snapshot snapshot;
    snapshot.sequence = ++sequence_;
    snapshot.second = second;
    snapshot.health.cpu = 0.1;
    if (has_requests) {
      for (reports::LoadSecond& of : second_of_) record(of, second);
      snapshot.cells.swap(second_of_);  // Lent: a copy of histograms costs more than all the rest.
    }
    wire::FromAgent message;
    *message.mutable_snapshot() = control::to_message(snapshot);
    if (has_requests) snapshot.cells.swap(second_of_);
    line_.send(std::move(message));
    ++recorded_.snapshots;
  }

  void finish() {
    recorded_.waiting += line_.untaken();
    wire::FromAgent ended;
    *ended.mutable_event() = control::to_message(reports::Event{.at = Clock::now() - *start_,
                                                                .agent = {},
                                                                .kind = "load.ended",
                                                                .subject = {},
                                                                .detail = "all load has ended"});
    line_.send(std::move(ended));
    send_snapshot(second_ - 1, false);
    wire::FromAgent done;
    done.mutable_done();
    line_.send(std::move(done));
    said_done_ = true;
  }

  const Options& options_;
  Recorded& recorded_;
  agent::Line line_;
  std::minstd_rand random_;
  std::vector<reports::LoadSecond> second_of_;
  std::optional<Instant> start_;
  Instant heard_ = Clock::now();
  std::int64_t second_ = 0;
  std::uint64_t sequence_ = 0;
  bool is_stopping_ = false;
  bool said_done_ = false;
  bool is_over_ = false;
};

/// The agents whose number is `first` modulo `step`, on one thread.
Recorded simulate(const Options& options, std::size_t first, std::size_t step) {
  Recorded recorded;
  std::vector<std::unique_ptr<SimulatedAgent>> agents;
  std::size_t next = first;
  // The coordinator may not listen yet.
  const Instant until = Clock::now() + kDialWithin;
  const auto is_over = [](const auto& agent) { return agent->is_over(); };
  while (next < options.agents || !std::all_of(agents.begin(), agents.end(), is_over)) {
    if (next < options.agents) {
      auto stream = control::AgentLink::dial(options.join, kDialWithin, options.credentials);
      if (!stream && Clock::now() < until) continue;
      if (!stream) {
        log_warning(stream.error().message());
        ++recorded.not_taken;
      } else {
        agents.push_back(
            std::make_unique<SimulatedAgent>(options, next, *std::move(stream), recorded));
      }
      next += step;
    } else {
      std::this_thread::sleep_for(kTick);
    }
    for (const auto& agent : agents) agent->pass();
  }
  return recorded;
}

double millis(Duration value) { return to_milliseconds(value); }

void print(const Recorded& recorded) {
  fmt::print(R"({{"snapshots": {}, "done": {}, "not_taken": {}, "waiting": {}, "loads": {{)",
             recorded.snapshots, recorded.done, recorded.not_taken, recorded.waiting);
  const char* comma = "";
  for (const auto& [load, cell] : recorded.loads) {
    fmt::print(R"({}"{}": {{"due": {}, "ok": {}, "latency_ms": {{)", std::exchange(comma, ", "),
               load, cell.due, cell.ok);
    const char* inner = "";
    for (const reports::Metric metric : kRecorded) {
      const reports::Histogram& of = cell.of(metric);
      fmt::print(
          R"({}"{}": {{"count": {}, "min": {}, "mean": {}, "p50": {}, "p90": {}, "p99": {}, )"
          R"("p99.9": {}, "p99.99": {}, "max": {}}})",
          std::exchange(inner, ", "), to_string(metric), of.count(), millis(of.min()),
          millis(of.mean()), millis(of.at_percentile(50)), millis(of.at_percentile(90)),
          millis(of.at_percentile(99)), millis(of.at_percentile(99.9)),
          millis(of.at_percentile(99.99)), millis(of.max()));
    }
    fmt::print("}}}}");
  }
  fmt::print("}}}}\n");
}

std::string read(const char* file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace
}  // namespace squall

// fleet_simulation JOIN AGENTS REQUESTS SECONDS [CA CERTIFICATE KEY]
int main(int count, char** words) {
  constexpr int kPlain = 5;
  constexpr int kWithCertificates = 8;
  constexpr std::size_t kThreads = 4;
  if (count != kPlain && count != kWithCertificates) return EXIT_FAILURE;
  squall::Options options{.join = words[1],
                          .credentials = {},
                          .agents = std::stoull(words[2]),
                          .requests = std::stoull(words[3]),
                          .seconds = std::stoll(words[4])};
  if (count == kWithCertificates) {
    options.credentials = {.authority = squall::read(words[5]),
                           .own = {squall::read(words[6]), squall::read(words[7])}};
  }
  std::vector<squall::Recorded> recorded(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] { recorded.at(i) = squall::simulate(options, i, kThreads); });
  }
  squall::Recorded all;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.at(i).join();
    all.add(recorded.at(i));
  }
  squall::print(all);
  return EXIT_SUCCESS;
}
