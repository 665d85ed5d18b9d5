// Eight made-up runs, one after the other.
#include "tests/unit/reports/html/samples.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "tests/support/sample_comparison.h"
#include "tests/unit/reports/html/sample_parts.h"

namespace squall::reports {

using namespace parts;
// file
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

RunResult smoke_sample() {
  Shape shape{"browse", "web", "h2", true, 18, {}, {}};
  shape.rate = [](double at) { return at < 4 ? 150 * at : 600.0; };
  shape.answer = [](double at, Dice& dice) {
    Answer answer;
    answer.service_ms = lognormal(dice, 2.1, 0.35);
    answer.response_ms = answer.service_ms + lognormal(dice, 0.03, 0.4);
    if (at >= 9.0 && at < 9.06 && dice.unit() < 0.5) answer.error = ErrorClass::kClosed;
    if (at >= 9.06 && at < 9.4 && dice.unit() < 0.5) {
      answer.response_ms += (9.4 - at) * 1e3;
    }
    return answer;
  };
  RunResult result =
      run("smoke", "Two servers behind one target; one is killed under load and comes back.",
          Verdict::kPass, {"All 2 objectives hold."}, milliseconds(18'240));
  result.loads.push_back(
      simulate(shape, {{0, "before kill-one"}, {9, "during kill-one"}, {10, "after kill-one"}}, 1));
  result.faults.push_back(fault("kill-one", "kill-one", 9, std::nullopt,
                                "SIGKILL to 1 of service web", "web.1 (pid 4711) ended"));
  result.objectives.push_back(available("available", result.loads[0], 0.99));
  result.objectives.push_back(within("fast", result.loads[0], milliseconds(250), 0.98));
  result.faults[0].budget_spent = {{"available", 0.19}, {"fast", 0.31}};
  result.events = {
      event(-0.42, "service.started", "web.1", "pid 4711"),
      event(-0.41, "service.started", "web.2", "pid 4712"),
      event(-0.12, "service.ready", "web.1", "after 300 ms"),
      event(-0.11, "service.ready", "web.2", "after 300 ms"),
      event(9.003, "fault.applied", "kill-one", "SIGKILL to web.1 (pid 4711)"),
      event(9.005, "service.exited", "web.1", "by signal 9"),
      event(9.110, "service.started", "web.1", "pid 4720"),
      event(9.390, "service.restarted", "web.1", "start 2; ready again 385 ms after it ended"),
      event(18.24, "service.stopped", "web.1", "exit status 0")};
  return result;
}

RunResult stall_sample() {
  Shape shape{"steady", "web", "h2c", true, 10, {}, {}};
  shape.rate = [](double) { return 1000.0; };
  shape.answer = [](double at, Dice& dice) {
    Answer answer;
    answer.service_ms = lognormal(dice, 0.9, 0.3);
    answer.response_ms = answer.service_ms + stall_wait_ms(at, 4, 5);
    if (at > 4 && dice.unit() < 0.02) answer.service_ms = answer.response_ms;
    return answer;
  };
  RunResult result = run("stall", "The server stands still for one second.", Verdict::kFail,
                         {"fast is missed: 92.51 % within 250 ms, goal 99 %.",
                          "The whole of its budget was spent in the phase of freeze."},
                         milliseconds(10'020));
  result.loads.push_back(
      simulate(shape, {{0, "before freeze"}, {4, "during freeze"}, {6, "after freeze"}}, 2));
  result.faults.push_back(
      fault("freeze", "freeze", 4, 5, "SIGSTOP to all of service web", "web.1 (pid 99) stopped"));
  result.objectives.push_back(available("available", result.loads[0], 0.999));
  result.objectives.push_back(within("fast", result.loads[0], milliseconds(250), 0.99));
  result.faults[0].budget_spent = {{"available", 0}, {"fast", 7.49}};
  result.events = {event(4.003, "fault.applied", "freeze", "SIGSTOP to web.1 (pid 99)"),
                   event(4.004, "fault.verified", "freeze", "web.1 is in state T"),
                   event(5.004, "fault.undone", "freeze", "SIGCONT to web.1 (pid 99)")};
  result.comparison = sample_comparison();
  return result;
}

RunResult nothing_listening_sample() {
  Shape shape{"browse", "edge", "h2", true, 8, {}, {}};
  shape.rate = [](double) { return 200.0; };
  shape.answer = [](double, Dice& dice) {
    Answer answer;
    answer.service_ms = lognormal(dice, 0.1, 0.2);
    answer.response_ms = answer.service_ms;
    answer.error = ErrorClass::kConnect;
    return answer;
  };
  RunResult result = run("nothing-listening", "", Verdict::kFail,
                         {"available is missed: 0 % of 1,600 requests were good, goal 99.9 %.",
                          "No connection to edge could be made: connection refused."},
                         seconds(8));
  result.loads.push_back(simulate(shape, {{0, "whole run"}}, 3));
  SecondCell& totals = result.loads[0].whole.totals;
  totals.connections_opened = 0;
  totals.connections_failed = 412;
  totals.of(Metric::kConnect).clear();
  totals.of(Metric::kTls).clear();
  result.objectives.push_back(available("available", result.loads[0], 0.999));
  return result;
}

/// `count` good answers of a group, about `median` milliseconds, and some that were none.
GroupCell group(std::uint64_t count, double median, std::uint64_t timeouts, Dice& dice) {
  GroupCell cell;
  cell.ok = count;
  cell.status = {{200, count}};
  cell.errors[static_cast<std::size_t>(ErrorClass::kTimeout)] = timeouts;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Duration response = ms(lognormal(dice, median, 0.4));
    cell.response.record(response);
    cell.ok_response.record(response);
  }
  for (std::uint64_t i = 0; i < timeouts; ++i) cell.response.record(seconds(1));
  return cell;
}

void add_groups(SecondCell& totals) {
  Dice dice(11);
  totals.requests["GET /"] = group(3000, 4, 0, dice);
  totals.requests["POST /basket/${user}/items"] = group(900, 22, 14, dice);
  totals.addresses["10.0.0.7:443"] = group(1960, 5, 0, dice);
  totals.addresses["[2001:db8::17]:443"] = group(1940, 6, 14, dice);
  for (auto& [address, cell] : totals.addresses) {
    cell.connections_opened = 2;
    cell.connections_lost = address.front() == '[' ? 1 : 0;
  }
  totals.of(Metric::kReconnect).record(ms(63));
}

/// An agent whose quota holds it back in some seconds, and one whose system tells little.
void add_health(RunResult& result, int length) {
  Dice dice(12);
  for (int second = 0; second < length; ++second) {
    const bool is_held = second >= 10 && second < 14;
    Health health;
    health.cpu = 0.3 + 0.1 * dice.unit();
    health.in_flight = 20;
    health.descriptors = 40;
    result.agents[1].health[second] = health;
    health.lateness_max = ms(is_held ? 60 + 20 * dice.unit() : lognormal(dice, 0.3, 0.5));
    health.descheduled_max = ms(is_held ? 780 : 3 * dice.unit());
    health.throttled = ms(is_held ? 760 : 0);
    health.backlog = is_held ? 300 : 0;
    health.ports = 0.0007;
    result.agents[0].health[second] = health;
  }
  result.warnings = {
      "players: of its seconds, a shard was ready to run and not let for up to 780 ms in 4: a CPU "
      "quota held it back. A closed load has no schedule to be late with, but its rate and "
      "latencies are then the generator's as well"};
}

/// A load over HTTP/3 whose path is 40 ms longer from second 30 to 50, and loses packets from 40
/// on.
void add_path(LoadResult& load) {
  for (SecondPoint& point : load.series) {
    const bool is_slow = point.second >= 30 && point.second < 50;
    const bool is_lossy = point.second >= 40 && point.second < 55;
    QuicCounts counts;
    counts.path_samples = 10;
    counts.path_rtt_us = is_slow ? 442'000 : 21'000;
    counts.path_window = is_lossy ? 90'000 : 480'000;
    counts.packets_sent = 400;
    counts.packets_lost = is_lossy ? 12 : 0;
    point.quic.add(counts);
    load.whole.totals.quic.add(counts);
  }
}

RunResult two_loads_sample() {
  Shape browse{"browse", "edge", "h2", true, 90, {}, {}};
  browse.rate = [](double at) {
    return at < 20 ? 20 * at : (at < 70 ? 400 : 400 - 15 * (at - 70));
  };
  browse.answer = [](double at, Dice& dice) {
    Answer answer;
    const bool slow = at >= 30 && at < 50;
    answer.service_ms = lognormal(dice, slow ? 44 : 4, 0.4);
    if (at >= 40 && at < 55) {
      const double throw_of = dice.unit();
      if (throw_of < 0.02) {
        answer.error = ErrorClass::kTimeout;
        answer.service_ms = 2000;
      } else if (throw_of < 0.05) {
        answer.error = ErrorClass::kUnexpected;
        answer.status = 503;
      } else if (throw_of < 0.06) {
        answer.error = ErrorClass::kReset;
      }
    }
    answer.response_ms = answer.service_ms + (slow ? lognormal(dice, 6, 0.8) : 0.05);
    return answer;
  };
  Shape players{"players", "origin", "h2c", false, 90, {}, {}};
  players.rate = [](double at) { return at > 40 && at < 55 ? 90.0 : 140.0; };
  players.answer = [](double at, Dice& dice) {
    Answer answer;
    answer.service_ms = lognormal(dice, at > 40 && at < 55 ? 30 : 9, 0.5);
    answer.response_ms = answer.service_ms;
    if (at > 42 && at < 44 && dice.unit() < 0.3) answer.error = ErrorClass::kGoaway;
    return answer;
  };
  RunResult result =
      run("pop-brownout",
          "The uplink of the PoP grows slow, then also loses packets; the players must not notice.",
          Verdict::kResidue,
          {"The rule of lossy-uplink could not be taken away: delete qdisc on eth0: Operation not "
           "permitted.",
           "smooth is missed: 93.87 % within 50 ms, goal 99 %."},
          milliseconds(91'870));
  const std::vector<std::pair<int, std::string>> changes = {
      {0, "before slow-uplink"},
      {30, "during slow-uplink"},
      {40, "during slow-uplink and lossy-uplink"},
      {50, "during lossy-uplink"},
      {55, "after lossy-uplink"}};
  result.loads.push_back(simulate(browse, changes, 4));
  result.loads.push_back(simulate(players, changes, 5));
  result.faults.push_back(fault("slow-uplink", "slow-uplink", 30, 50,
                                "delay 40 ms ± 10 ms, out of eth0", "delay 40.2 ms"));
  result.faults.push_back(
      fault("lossy-uplink", "lossy-uplink", 40, 55, "loss 3 %, out of eth0", "loss 2.94 %"));
  result.faults[1].record.state = FaultRecord::State::kResidue;
  result.faults[1].record.error = "delete qdisc on eth0: Operation not permitted";
  FaultResult never =
      fault("restart-origin", "restart-origin", 60, 61, "restart service origin", "");
  never.record.state = FaultRecord::State::kFailed;
  never.record.from.reset();
  never.record.to.reset();
  never.record.error = "service origin has no instance that runs";
  result.faults.push_back(std::move(never));
  result.objectives.push_back(available("available", result.loads[0], 0.98));
  result.objectives.push_back(within("smooth", result.loads[1], milliseconds(50), 0.99));
  result.faults[0].budget_spent = {{"available", 0.42}, {"smooth", 1.9}};
  result.faults[1].budget_spent = {{"available", 0.61}, {"smooth", 4.2}};
  result.events = {
      event(30.003, "fault.applied", "slow-uplink", "netem delay 40ms 10ms"),
      event(40.003, "fault.applied", "lossy-uplink", "netem loss 3%"),
      event(43.1, "service.exited", "origin.1", "exit status 1"),
      event(43.6, "service.started", "origin.1", "pid 812"),
      event(44.2, "service.restarted", "origin.1", "start 2; ready again 1.1 s after it ended"),
      event(50.004, "fault.undone", "slow-uplink", ""),
      event(55.004, "fault.residue", "lossy-uplink", "delete qdisc on eth0: EPERM"),
      event(60.0, "fault.failed", "restart-origin", "no instance that runs")};
  AgentResult second;
  second.record.name = "agent-2";
  second.record.version = "0.1.0";
  second.record.state = "lost";
  second.record.clock_offset_ms = -3.4;
  second.cpu_peak = 0.97;
  result.agents.push_back(std::move(second));
  add_groups(result.loads[1].whole.totals);
  add_path(result.loads[1]);
  add_health(result, 30);
  return result;
}

RunResult hour_long_sample() {
  Shape shape{"soak", "edge", "h2", true, 3600, {}, {}};
  shape.rate = [](double at) { return 24 + 16 * std::sin(at / 3600 * 6.28318); };
  shape.answer = [](double at, Dice& dice) {
    Answer answer;
    const double into = std::fmod(at, 300);
    const bool faulty = at >= 300 && into < 20;
    answer.service_ms = lognormal(dice, faulty ? 25 : 5, 0.5);
    answer.response_ms = answer.service_ms;
    if (faulty && dice.unit() < 0.01) answer.error = ErrorClass::kTimeout;
    return answer;
  };
  RunResult result = run("soak", "An hour, with twenty bad seconds in every five minutes.",
                         Verdict::kPass, {"The objective holds."}, seconds(3601));
  std::vector<std::pair<int, std::string>> changes = {{0, "before flap"}};
  for (int i = 1; i < 12; ++i) {
    const std::string label = i == 1 ? "flap" : "flap#" + std::to_string(i);
    changes.emplace_back(i * 300, "during " + label);
    changes.emplace_back(i * 300 + 21, "after " + label);
    result.faults.push_back(fault("flap", label, i * 300, i * 300 + 20, "loss 1 %", "loss 1.02 %"));
    result.events.push_back(event(i * 300 + 0.003, "fault.applied", label, ""));
    result.events.push_back(event(i * 300 + 20.004, "fault.undone", label, ""));
  }
  result.loads.push_back(simulate(shape, changes, 6));
  result.objectives.push_back(within("fast", result.loads[0], milliseconds(250), 0.99));
  return result;
}

RunResult one_request_sample() {
  Shape shape{"once", "web", "h2", true, 1, {}, {}};
  shape.rate = [](double) { return 1.0; };
  shape.answer = [](double, Dice&) { return Answer{12.5, 12.1, ErrorClass::kNone, 204}; };
  RunResult result = run("one-request", "One request and nothing else.", Verdict::kPass,
                         {"There is no objective to miss."}, milliseconds(1013));
  result.loads.push_back(simulate(shape, {{0, "whole run"}}, 7));
  return result;
}

RunResult aborted_sample() {
  RunResult result = run("aborted", "Stopped before the first request.", Verdict::kAborted,
                         {"Stopped by SIGINT 0 s after the start of the load."}, Duration{});
  LoadResult load;
  load.name = "browse";
  load.target = "edge";
  load.protocol = "h2";
  result.objectives.push_back(within("fast", load, milliseconds(250), 0.99));
  result.loads.push_back(std::move(load));
  FaultResult planned = fault("kill-one", "kill-one", 9, std::nullopt, "SIGKILL to 1 of web", "");
  planned.record.state = FaultRecord::State::kPlanned;
  planned.record.from.reset();
  planned.record.to.reset();
  result.faults.push_back(std::move(planned));
  result.agents.clear();
  return result;
}

RunResult hostile_names_sample() {
  const std::string markup = "</script><script>window.broken = 1</script><!-- <img src=x>";
  const std::string longest(180, 'W');
  Shape shape{markup, "a\"b'c&d", "h2", true, 6, {}, {}};
  shape.rate = [](double) { return 50.0; };
  shape.answer = [](double, Dice& dice) {
    Answer answer;
    answer.service_ms = lognormal(dice, 3, 0.4);
    answer.response_ms = answer.service_ms;
    return answer;
  };
  RunResult result =
      run(markup, "Ünïcödé 日本語 \xF0\x9F\x8C\xA9 <b>bold</b> " + longest, Verdict::kInvalid,
          {"<img src=x onerror=window.broken=1> & the clock jumped."}, seconds(6));
  result.loads.push_back(simulate(shape, {{0, "before " + markup}, {2, "during " + markup}}, 8));
  shape.name = "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D " + longest;
  result.loads.push_back(simulate(shape, {{0, "whole run"}}, 9));
  shape.name = "bytes \xFF\xFE";
  result.loads.push_back(simulate(shape, {{0, "whole run"}}, 10));
  result.faults.push_back(fault(markup, markup, 2, 4, "<b>asked</b>", "\xC3\x28 no UTF-8"));
  result.faults.push_back(fault(longest, longest, 3, 5, longest, longest));
  result.objectives.push_back(within(markup, result.loads[0], milliseconds(250), 0.99));
  result.events = {event(2, "note", markup, longest)};
  return result;
}

std::vector<std::pair<std::string, RunResult>> all_samples() {
  std::vector<std::pair<std::string, RunResult>> samples;
  samples.emplace_back("smoke", smoke_sample());
  samples.emplace_back("stall", stall_sample());
  samples.emplace_back("nothing-listening", nothing_listening_sample());
  samples.emplace_back("two-loads", two_loads_sample());
  samples.emplace_back("hour-long", hour_long_sample());
  samples.emplace_back("one-request", one_request_sample());
  samples.emplace_back("aborted", aborted_sample());
  samples.emplace_back("hostile-names", hostile_names_sample());
  samples.emplace_back("matrix", matrix_sample());
  return samples;
}

}  // namespace squall::reports
