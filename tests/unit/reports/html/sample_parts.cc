#include "tests/unit/reports/html/sample_parts.h"

#include <chrono>

namespace squall::reports::parts {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

void add(SecondCell& cell, const Answer& answer, Dice& dice) {
  ++cell.due;
  ++cell.sent;
  ++cell.completed;
  cell.of(Metric::kResponse).record(ms(answer.response_ms));
  cell.of(Metric::kService).record(ms(answer.service_ms));
  cell.of(Metric::kLateness).record(ms(lognormal(dice, 0.02, 0.5)));
  cell.bytes_sent += 96;
  if (answer.error == ErrorClass::kNone || answer.error == ErrorClass::kUnexpected) {
    cell.of(Metric::kTtfb).record(ms(answer.service_ms * 0.8));
    ++cell.status[answer.status];
    ++cell.status_by_due[answer.status];
    cell.bytes_received += 1400;
  }
  if (answer.error == ErrorClass::kNone) {
    ++cell.ok;
    ++cell.ok_by_due;
    cell.ok_response.record(ms(answer.response_ms));
  } else {
    ++cell.errors[static_cast<std::size_t>(answer.error)];
    ++cell.errors_by_due;
  }
}

SecondPoint point_of(std::int64_t second, const SecondCell& cell, double planned) {
  SecondPoint point;
  point.second = second;
  point.due = cell.due;
  point.sent = cell.sent;
  point.completed = cell.completed;
  point.unsent = cell.unsent;
  point.errors_by_class = cell.errors;
  for (const std::uint64_t count : cell.errors) point.errors += count;
  point.due_rate = planned;
  const Histogram& response = cell.of(Metric::kResponse);
  point.p50 = response.at_percentile(50);
  point.p90 = response.at_percentile(90);
  point.p99 = response.at_percentile(99);
  point.p999 = response.at_percentile(99.9);
  point.max = response.max();
  point.response.add(response);
  return point;
}

ObjectiveResult objective(const std::string& name, const LoadResult& load, const std::string& text,
                          double goal, std::uint64_t good, std::uint64_t samples) {
  ObjectiveResult result;
  result.name = name;
  result.load = load.name;
  result.text = text;
  result.goal = goal;
  result.samples = samples;
  result.bad = samples - good;
  if (samples == 0) {
    result.sentence = name + ": nothing was measured.";
    return result;
  }
  result.measured = static_cast<double>(good) / static_cast<double>(samples);
  result.met = *result.measured >= goal;
  result.budget_allowed = (1 - goal) * static_cast<double>(samples);
  result.budget_share = static_cast<double>(result.bad) / result.budget_allowed;
  result.sentence = name + (result.met ? " holds: " : " is missed: ") + std::to_string(result.bad) +
                    " of " + std::to_string(samples) + " requests were bad.";
  return result;
}

}  // namespace

LoadResult simulate(const Shape& shape, const std::vector<std::pair<int, std::string>>& changes,
                    std::uint64_t seed) {
  Dice dice(seed);
  LoadResult load;
  load.name = shape.name;
  load.target = shape.target;
  load.protocol = shape.protocol;
  load.open = shape.open;
  load.whole.to = seconds(shape.length);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    PhaseResult phase;
    phase.name = changes[i].second;
    phase.figures.from = seconds(changes[i].first);
    phase.figures.to = seconds(i + 1 < changes.size() ? changes[i + 1].first : shape.length);
    load.phases.push_back(std::move(phase));
  }
  double carried = 0;
  for (int second = 0; second < shape.length; ++second) {
    SecondCell cell;
    const double rate = shape.rate(second + 0.5);
    carried += rate;
    const auto due = static_cast<int>(carried);
    carried -= due;
    for (int k = 0; k < due; ++k) {
      add(cell, shape.answer(second + static_cast<double>(k) / due, dice), dice);
    }
    if (second == 0 && due > 0) {
      cell.connections_opened = 4;
      for (int i = 0; i < 4; ++i) {
        cell.of(Metric::kConnect).record(ms(lognormal(dice, 0.15, 0.3)));
        if (shape.protocol != "h2c") cell.of(Metric::kTls).record(ms(lognormal(dice, 2.4, 0.2)));
      }
    }
    load.series.push_back(point_of(second, cell, shape.open ? rate : 0));
    load.whole.totals.merge(cell);
    for (PhaseResult& phase : load.phases) {
      if (phase.figures.from <= seconds(second) && seconds(second) < phase.figures.to) {
        phase.figures.totals.merge(cell);
      }
    }
  }
  const SecondCell& totals = load.whole.totals;
  load.due_rate = {static_cast<double>(totals.due) / shape.length};
  load.sent_rate = {static_cast<double>(totals.sent) / shape.length};
  load.completed_rate = {static_cast<double>(totals.completed) / shape.length};
  return load;
}

ObjectiveResult within(const std::string& name, const LoadResult& load, Duration limit,
                       double goal) {
  const SecondCell& totals = load.whole.totals;
  return objective(name, load,
                   "ok within " +
                       std::to_string(std::chrono::duration_cast<milliseconds>(limit).count()) +
                       " ms",
                   goal, totals.ok_response.count_at_or_below(limit), totals.due);
}

ObjectiveResult available(const std::string& name, const LoadResult& load, double goal) {
  return objective(name, load, "status < 500", goal, load.whole.totals.ok, load.whole.totals.due);
}

FaultResult fault(const std::string& name, const std::string& label, double from,
                  std::optional<double> to, const std::string& asked, const std::string& seen) {
  FaultResult result;
  result.record.name = name;
  result.record.label = label;
  result.record.state = to ? FaultRecord::State::kUndone : FaultRecord::State::kDone;
  result.planned_from = from_seconds(from);
  if (to) result.planned_to = from_seconds(*to);
  result.record.from = from_seconds(from + 0.003);
  result.record.to = from_seconds((to ? *to : from) + 0.004);
  result.record.on = {"agent-1"};
  result.record.asked = asked;
  result.record.seen = seen;
  return result;
}

RunResult run(const std::string& scenario, const std::string& description, Verdict verdict,
              std::vector<std::string> reasons, Duration duration) {
  RunResult result;
  result.run = "20261120-120000-4f1c";
  result.scenario = scenario;
  result.description = description;
  result.verdict = verdict;
  result.reasons = std::move(reasons);
  result.started = WallTime(seconds(1'795'176'000));
  result.duration = duration;
  AgentResult agent;
  agent.record.name = "agent-1";
  agent.record.labels = {{"role", "edge"}};
  agent.record.version = "0.1.0";
  agent.record.state = "done";
  agent.record.clock_offset_ms = 0.02;
  agent.cpu_peak = 0.41;
  result.agents.push_back(std::move(agent));
  return result;
}

Event event(double at, const std::string& kind, const std::string& subject,
            const std::string& detail) {
  return {from_seconds(at), "agent-1", kind, subject, detail};
}

double stall_wait_ms(double at, double begin, double end) {
  return at >= begin && at < end ? (end - at) * 1e3 : 0;
}

}  // namespace squall::reports::parts
