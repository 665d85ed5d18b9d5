#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "reports/judge/run_record.h"

namespace squall::reports {

/// Speaks a run's record in sentences: what fell due in which second, and what became of it.
///
/// It starts as ten seconds of one open load "browse" of 100/s on target "edge" over h2, of which
/// nothing has been measured yet.
class SampleRun {
 public:
  SampleRun() {
    record_.id = "20261120T120000Z-7";
    record_.scenario.name = "sample";
    record_.scenario.description = "A run made by hand.";
    record_.started =
        WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 20) + std::chrono::hours(12));
    record_.duration = std::chrono::milliseconds(10'020);
    record_.plan.length = std::chrono::seconds(10);
    generators::TargetSpec edge;
    edge.name = "edge";
    edge.protocol = generators::Protocol::kH2;
    record_.scenario.targets.push_back(edge);
    has_open_load("browse", 100);
    AgentRecord agent;
    agent.name = "agent-1";
    agent.labels = {{"role", "edge"}};
    agent.version = "0.1.0";
    agent.state = "done";
    record_.agents.push_back(agent);
  }

  SampleRun& has_open_load(const std::string& name, double rate) {
    generators::OpenSpec open;
    open.stages.push_back({{rate}, {rate}, record_.plan.length});
    return has_load(name, open);
  }

  SampleRun& has_closed_load(const std::string& name, std::uint64_t users) {
    generators::ClosedSpec closed;
    closed.users = users;
    closed.length = record_.plan.length;
    return has_load(name, closed);
  }

  /// `count` requests that fell due in `second` were answered in it.
  SampleRun& answers(std::int64_t second, std::uint64_t count, Duration response, int status = 200,
                     const std::string& load = "browse") {
    SecondCell cell = sent(count);
    cell.ok = cell.ok_by_due = count;
    cell.status[status] = cell.status_by_due[status] = count;
    cell.bytes_received = 1000 * count;
    for (std::uint64_t i = 0; i < count; ++i) {
      cell.ok_response.record(response);
      cell.of(Metric::kTtfb).record(response / 2);
    }
    return is_measured(second, timed(std::move(cell), response, count), load);
  }

  /// `count` requests that fell due in `second` ended as `error`, `after` that; where the error has
  /// an answer, with `status`.
  SampleRun& fails(std::int64_t second, std::uint64_t count, ErrorClass error, Duration after,
                   std::optional<int> status = {}, const std::string& load = "browse") {
    SecondCell cell = sent(count);
    cell.errors.at(static_cast<std::size_t>(error)) = cell.errors_by_due = count;
    if (status) cell.status[*status] = cell.status_by_due[*status] = count;
    return is_measured(second, timed(std::move(cell), after, count), load);
  }

  SampleRun& leaves_unsent(std::int64_t second, std::uint64_t count) {
    SecondCell cell;
    cell.due = cell.unsent = count;
    return is_measured(second, cell);
  }

  SampleRun& sheds(std::int64_t second, std::uint64_t count) {
    SecondCell cell;
    cell.due = cell.shed = count;
    return is_measured(second, cell);
  }

  SampleRun& is_measured(std::int64_t second, SecondCell cell, const std::string& load = "browse") {
    Snapshot snapshot;
    snapshot.sequence = ++sequence_;
    snapshot.second = second;
    snapshot.cells.push_back({load, second, std::move(cell)});
    snapshot.health = health_;
    record_.ledger.add("agent-1", snapshot);
    return *this;
  }

  /// What is measured from here on is measured with a shard this busy.
  SampleRun& has_cpu(double cpu) {
    health_.cpu = cpu;
    return *this;
  }

  /// What is measured from here on is measured by an agent this healthy.
  SampleRun& has_health(const Health& health) {
    health_ = health;
    return *this;
  }

  SampleRun& wants_within(const std::string& name, Duration within, double goal) {
    scenarios::ObjectiveSpec objective;
    objective.name = name;
    objective.load = "browse";
    objective.within = within;
    objective.goal = {goal};
    return wants(objective);
  }

  SampleRun& wants_status_below(const std::string& name, int status, double goal) {
    scenarios::ObjectiveSpec objective;
    objective.name = name;
    objective.load = "browse";
    objective.good = {"status < " + std::to_string(status), scenarios::GoodSpec::Compare::kLess,
                      status};
    objective.goal = {goal};
    return wants(objective);
  }

  SampleRun& wants(scenarios::ObjectiveSpec objective) {
    record_.scenario.objectives.push_back(std::move(objective));
    return *this;
  }

  /// A fault that was planned for `from` to `to` and was in force 3 ms later each.
  SampleRun& is_stopped(const std::string& label, Duration from, Duration to) {
    using std::chrono::milliseconds;
    record_.plan.faults.push_back({label, label, from, to, "signal STOP to 1 of service web"});
    FaultRecord fault;
    fault.name = fault.label = label;
    fault.state = FaultRecord::State::kUndone;
    fault.from = from + milliseconds(3);
    fault.to = to + milliseconds(3);
    fault.on = {"agent-1"};
    fault.asked = "SIGSTOP to 1 of service web";
    fault.seen = "web.1 (pid 4711) stopped";
    record_.faults.push_back(fault);
    return *this;
  }

  /// The last fault came to this instead.
  SampleRun& fault_is(FaultRecord::State state, const std::string& error = {}) {
    record_.faults.back().state = state;
    record_.faults.back().error = error;
    return *this;
  }

  SampleRun& ends_early(EarlyEnd::Cause cause, const std::string& why, Duration at) {
    record_.early_end = EarlyEnd{cause, why, at};
    return *this;
  }

  /// The record itself, for what no verb is for.
  RunRecord& record() { return record_; }

 private:
  static SecondCell sent(std::uint64_t count) {
    SecondCell cell;
    cell.due = cell.sent = cell.completed = count;
    cell.bytes_sent = 100 * count;
    return cell;
  }

  static SecondCell timed(SecondCell cell, Duration response, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      cell.of(Metric::kResponse).record(response);
      cell.of(Metric::kService).record(response);
      cell.of(Metric::kLateness).record(std::chrono::microseconds(20));
    }
    return cell;
  }

  template <typename Schedule>
  SampleRun& has_load(const std::string& name, Schedule schedule) {
    generators::LoadSpec load;
    load.name = name;
    load.target = "edge";
    load.schedule = std::move(schedule);
    record_.scenario.loads.push_back(load);
    record_.plan.loads.push_back({name, "edge", Duration{}, record_.plan.length});
    return *this;
  }

  RunRecord record_;
  std::uint64_t sequence_ = 0;
  Health health_{.cpu = 0.2};
};

/// A run in which a hundred requests were answered in 5 ms in each of its ten seconds.
inline SampleRun good_run() {
  SampleRun run;
  for (std::int64_t second = 0; second < 10; ++second) {
    run.answers(second, 100, std::chrono::milliseconds(5));
  }
  return run;
}

/// A run with something of everything: a fault in force in seconds 3 to 5 that makes answers slow
/// and costs some, one objective met and one missed, a second load of users, an agent and events.
inline SampleRun eventful_run() {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  SampleRun run;
  for (std::int64_t second = 0; second < 10; ++second) {
    const bool is_disturbed = second >= 3 && second <= 5;
    run.answers(second, is_disturbed ? 60 : 96, milliseconds(5));
    run.answers(second, 4, milliseconds(is_disturbed ? 1200 : 35));
    if (!is_disturbed) continue;
    run.answers(second, 30, milliseconds(400));
    run.fails(second, 3, ErrorClass::kTimeout, seconds(2));
    run.fails(second, 2, ErrorClass::kUnexpected, milliseconds(4), 503);
    run.leaves_unsent(second, 1);
  }
  run.has_closed_load("players", 5);
  for (std::int64_t second = 0; second < 10; ++second) {
    run.answers(second, 25, std::chrono::microseconds(850), 200, "players");
  }
  SecondCell connected;
  connected.connections_opened = 20;
  connected.connections_lost = 2;
  for (int i = 0; i < 20; ++i) {
    connected.of(Metric::kConnect).record(std::chrono::microseconds(150 + i));
    connected.of(Metric::kTls).record(std::chrono::microseconds(2100 + 40 * i));
  }
  run.has_cpu(0.41).is_measured(0, connected);
  run.is_stopped("pause", seconds(3), seconds(5));
  run.wants_status_below("available", 500, 0.95).wants_within("fast", milliseconds(250), 0.99);
  run.record().events = {
      {milliseconds(-250), "agent-1", "service.ready", "web.1", "https://127.0.0.1:8443 answers"},
      {milliseconds(3003), "agent-1", "fault.applied", "pause", "SIGSTOP to pid 4711"},
      {milliseconds(5003), "agent-1", "fault.undone", "pause", "SIGCONT to pid 4711"}};
  return run;
}

}  // namespace squall::reports
