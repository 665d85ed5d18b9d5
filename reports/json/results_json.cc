#include "reports/json/results_json.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "reports/json/capacity_json.h"
#include "reports/json/comparison_json.h"
#include "reports/json/json_text.h"
#include "reports/json/judgement_json.h"
#include "reports/judge/returns.h"

namespace squall::reports {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<const char*, double>, 6> kPercentiles = {
    {{"p50", 50}, {"p90", 90}, {"p95", 95}, {"p99", 99}, {"p99.9", 99.9}, {"p99.99", 99.99}}};
/// The contract's order.
constexpr std::array<Metric, kMetrics> kMetricOrder = {
    Metric::kResponse, Metric::kService,  Metric::kTtfb,    Metric::kConnect,
    Metric::kTls,      Metric::kLateness, Metric::kResolve, Metric::kReconnect};

/// RFC 3339 in UTC, to the millisecond.
std::string utc(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<milliseconds>(time - day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

Json finite(double number) { return std::isfinite(number) ? Json(number) : Json(nullptr); }

/// A rate to a thousandth, which is all that a count over a length of time can tell.
Json rate(Rate value) { return finite(std::round(value.per_second * 1e3) / 1e3); }

Json seconds(const std::optional<Duration>& offset) {
  return offset ? Json(to_seconds(*offset)) : Json(nullptr);
}

Json latency(const Histogram& histogram) {
  const auto figure = [&histogram](Duration value) {
    return histogram.empty() ? Json(nullptr) : Json(to_milliseconds(value));
  };
  Json json = {{"count", histogram.count()},
               {"min", figure(histogram.min())},
               {"mean", figure(histogram.mean())}};
  for (const auto& [key, percent] : kPercentiles) {
    json[key] = figure(histogram.at_percentile(percent));
  }
  json["max"] = figure(histogram.max());
  json["clamped"] = histogram.clamped();
  return json;
}

Json latencies(const SecondCell& cell) {
  Json json = Json::object();
  for (const Metric metric : kMetricOrder) {
    json[std::string(to_string(metric))] = latency(cell.of(metric));
  }
  return json;
}

Json errors_by_class(const std::array<std::uint64_t, kErrorClasses>& errors) {
  Json json = Json::object();
  for (std::size_t i = 1; i < kErrorClasses; ++i) {
    if (errors.at(i) > 0) json[std::string(to_string(static_cast<ErrorClass>(i)))] = errors.at(i);
  }
  return json;
}

Json statuses(const std::map<int, std::uint64_t>& status) {
  Json json = Json::object();
  for (const auto& [code, times] : status) json[std::to_string(code)] = times;
  return json;
}

/// Groups of a load by name; those of addresses also have connections.
Json groups_json(const GroupCells& groups, bool with_connections) {
  Json json = Json::object();
  for (const auto& [name, group] : groups) {
    Json& entry = json[name] = {{"ok", group.ok},
                                {"errors", errors_by_class(group.errors)},
                                {"status", statuses(group.status)},
                                {"latency_ms", {{"response", latency(group.response)}}}};
    if (!with_connections) continue;
    entry["connections"] = {{"opened", group.connections_opened},
                            {"failed", group.connections_failed},
                            {"lost", group.connections_lost}};
  }
  return json;
}

Json mean_ms(std::uint64_t sum_us, std::uint64_t count) {
  if (count == 0) return nullptr;
  return to_milliseconds(std::chrono::microseconds(sum_us / count));
}

Json mean_bytes(std::uint64_t sum, std::uint64_t count) {
  if (count == 0) return nullptr;
  return sum / count;
}

/// How the path to the server was: round trip and congestion window on the mean of the looks at
/// connections, one a second for each.
Json path(const QuicCounts& counts) {
  return {{"rtt_ms", mean_ms(counts.path_rtt_us, counts.path_samples)},
          {"window_bytes", mean_bytes(counts.path_window, counts.path_samples)},
          {"packets_sent", counts.packets_sent},
          {"packets_lost", counts.packets_lost},
          {"ecn", {{"ect0", counts.ecn_ect0}, {"ect1", counts.ecn_ect1}, {"ce", counts.ecn_ce}}}};
}

/// Null where nobody said it: a time ran out.
Json who_ended(const QuicError& error) {
  if (error.by_server) return "server";
  return error.code ? Json("us") : Json(nullptr);
}

/// How connections and streams over QUIC came to a bad end, by number and name; and how many of
/// them before they were up.
Json quic_errors(const QuicCounts& counts) {
  Json json = Json::array();
  for (const auto& [error, times] : counts.errors) {
    QuicError afterwards = error;
    afterwards.in_handshake = false;
    if (error.in_handshake && counts.errors.contains(afterwards)) {
      // The map has it right before this.
      json.back()["count"] = json.back()["count"].get<std::uint64_t>() + times;
      json.back()["in_handshake"] = times;
      continue;
    }
    json.push_back({{"name", error.name.empty() ? "others" : error.name},
                    {"code", error.code ? Json(*error.code) : Json(nullptr)},
                    {"by", who_ended(error)},
                    {"of", error.is_of_stream ? "stream" : "connection"},
                    {"count", times},
                    {"in_handshake", error.in_handshake ? times : 0}});
  }
  return json;
}

bool knows_alternatives(const QuicCounts& counts) {
  return counts.alternatives + counts.fell_back + counts.avoided + counts.silent > 0;
}

/// What became of an origin's word that it speaks HTTP/3: the connections opened as it says, and by
/// which of its words they knew; those
/// that fell back to TCP and how much later they were begun for that, those that did not try, and
/// those that were given up when nothing was heard any more, and after how long; on the mean.
Json alternatives(const QuicCounts& counts) {
  return {{"opened", counts.alternatives},
          {"by_alt_svc", counts.alternatives - counts.alternatives_by_record},
          {"by_https_record", counts.alternatives_by_record},
          {"fell_back", counts.fell_back},
          {"fell_back_after_ms", mean_ms(counts.fell_back_us, counts.fell_back)},
          {"avoided", counts.avoided},
          {"silent", counts.silent},
          {"silent_after_ms", mean_ms(counts.silent_us, counts.silent)}};
}

Json phase_json(const PhaseResult& phase) {
  const SecondCell& totals = phase.figures.totals;
  Json json = {{"name", phase.name},
               {"from_s", to_seconds(phase.figures.from)},
               {"to_s", to_seconds(phase.figures.to)},
               {"due", totals.due},
               {"ok", totals.ok_by_due},
               {"errors", totals.errors_by_due},
               {"unsent", totals.unsent},
               {"shed", totals.shed},
               {"latency_ms",
                {{"response", latency(totals.of(Metric::kResponse))},
                 {"service", latency(totals.of(Metric::kService))}}}};
  if (knows_alternatives(totals.quic)) json["alternatives"] = alternatives(totals.quic);
  if (totals.quic.path_samples > 0) json["path"] = path(totals.quic);
  return json;
}

Json series_json(const std::vector<SecondPoint>& points) {
  Json json;
  const auto column = [&](const char* key, auto value_of) {
    Json values = Json::array();
    for (const SecondPoint& point : points) values.push_back(value_of(point));
    json[key] = std::move(values);
  };
  const auto latency_column = [&](const char* key, Duration SecondPoint::*value) {
    column(key, [value](const SecondPoint& point) {
      return point.response.empty() ? Json(nullptr) : Json(to_milliseconds(point.*value));
    });
  };
  column("t_s", [](const SecondPoint& point) { return point.second; });
  column("due", [](const SecondPoint& point) { return point.due; });
  column("sent", [](const SecondPoint& point) { return point.sent; });
  column("completed", [](const SecondPoint& point) { return point.completed; });
  column("errors", [](const SecondPoint& point) { return point.errors; });
  latency_column("p50", &SecondPoint::p50);
  latency_column("p90", &SecondPoint::p90);
  latency_column("p99", &SecondPoint::p99);
  latency_column("p999", &SecondPoint::p999);
  latency_column("max", &SecondPoint::max);
  column("unsent", [](const SecondPoint& point) { return point.unsent; });
  column("not_ok", [](const SecondPoint& point) { return point.not_ok; });
  column("due_rate", [](const SecondPoint& point) { return rate({point.due_rate}); });
  if (std::any_of(points.begin(), points.end(),
                  [](const SecondPoint& point) { return knows_alternatives(point.quic); })) {
    column("over_alternative", [](const SecondPoint& point) { return point.quic.alternatives; });
    column("fell_back", [](const SecondPoint& point) { return point.quic.fell_back; });
    column("avoided", [](const SecondPoint& point) { return point.quic.avoided; });
    column("silent", [](const SecondPoint& point) { return point.quic.silent; });
  }
  if (std::none_of(points.begin(), points.end(),
                   [](const SecondPoint& point) { return point.quic.path_samples > 0; })) {
    return json;
  }
  column("rtt_ms", [](const SecondPoint& point) {
    return mean_ms(point.quic.path_rtt_us, point.quic.path_samples);
  });
  column("window_bytes", [](const SecondPoint& point) {
    return mean_bytes(point.quic.path_window, point.quic.path_samples);
  });
  column("packets_sent", [](const SecondPoint& point) { return point.quic.packets_sent; });
  column("packets_lost", [](const SecondPoint& point) { return point.quic.packets_lost; });
  return json;
}

/// Of the requests sent ahead of a handshake's end. The way to the first answer, on the mean of
/// the connections, with them and without, and what was saved.
Json early_data(const QuicCounts& counts) {
  const auto saved = time_saved(counts);
  return {{"sent", counts.early_sent},
          {"accepted", counts.early_accepted},
          {"rejected", counts.early_rejected},
          {"too_early", counts.early_refused},
          {"first_answer_ms",
           {{"early", mean_ms(counts.early_answers_us, counts.early_answers)},
            {"resumed", mean_ms(counts.resumed_answers_us, counts.resumed_answers)},
            {"full", mean_ms(counts.full_answers_us, counts.full_answers)}}},
          {"connections",
           {{"early", counts.early_answers},
            {"resumed", counts.resumed_answers},
            {"full", counts.full_answers}}},
          {"saved_ms", saved ? Json(saved->milliseconds) : Json(nullptr)},
          {"saved_against", saved ? Json(saved->against) : Json(nullptr)}};
}

Json load_json(const LoadResult& load) {
  const SecondCell& totals = load.whole.totals;
  Json json = {
      {"target", load.target},
      {"protocol", load.protocol},
      {"open", load.open},
      {"from_s", to_seconds(load.whole.from)},
      {"to_s", to_seconds(load.whole.to)},
      {"due", totals.due},
      {"sent", totals.sent},
      {"completed", totals.completed},
      {"ok", totals.ok},
      {"unsent", totals.unsent},
      {"shed", totals.shed},
      {"missing", load.missing},
      {"missing_share", load.missing_share},
      {"retried", totals.retried},
      {"errors", errors_by_class(totals.errors)},
      {"status", statuses(totals.status)},
      {"rate",
       {{"due", rate(load.due_rate)},
        {"sent", rate(load.sent_rate)},
        {"completed", rate(load.completed_rate)}}},
      {"latency_ms", latencies(totals)},
      {"bytes", {{"received", totals.bytes_received}, {"sent", totals.bytes_sent}}},
      {"connections",
       {{"opened", totals.connections_opened},
        {"failed", totals.connections_failed},
        {"lost", totals.connections_lost},
        {"given_up", totals.connections_given_up},
        {"resumed", totals.tls_resumed}}},
      {"requests", groups_json(totals.requests, false)},
      {"addresses", groups_json(totals.addresses, true)},
      {"phases", Json::array()},
  };
  if (totals.flows_begun > 0) {
    json["flows"] = {{"begun", totals.flows_begun},
                     {"completed", totals.flows_completed},
                     {"abandoned", totals.flows_abandoned}};
  }
  if (totals.datagrams_received > 0) {
    json["datagrams"] = {{"received", totals.datagrams_received},
                         {"dropped", totals.datagrams_dropped}};
  }
  if (knows_alternatives(totals.quic)) json["alternatives"] = alternatives(totals.quic);
  if (totals.quic.path_samples > 0) json["path"] = path(totals.quic);
  // Of a load that resumes sessions without it as well: another's may be compared with that.
  if (totals.quic.early_sent + totals.quic.resumed_answers > 0) {
    json["early_data"] = early_data(totals.quic);
  }
  if (!totals.quic.errors.empty()) json["quic_errors"] = quic_errors(totals.quic);
  for (const PhaseResult& phase : load.phases) json["phases"].push_back(phase_json(phase));
  json["series"] = series_json(load.series);
  return json;
}

std::string_view state_name(FaultRecord::State state) {
  switch (state) {
    case FaultRecord::State::kPlanned:
      return "planned";
    case FaultRecord::State::kInForce:
      return "in force";
    case FaultRecord::State::kDone:
      return "done";
    case FaultRecord::State::kUndone:
      return "undone";
    case FaultRecord::State::kFailed:
      return "failed";
    case FaultRecord::State::kIneffective:
      return "ineffective";
    case FaultRecord::State::kResidue:
      return "residue";
  }
  return "planned";
}

Json span(const std::optional<Duration>& from, const std::optional<Duration>& to) {
  if (!from) return nullptr;
  return {{"from_s", seconds(from)}, {"to_s", seconds(to)}};
}

Json fault_json(const FaultResult& fault, const std::vector<Event>& events) {
  Json json = {{"fault", fault.record.name},
               {"planned", span(fault.planned_from, fault.planned_to)},
               {"actual", span(fault.record.from, fault.record.to)},
               {"state", state_name(fault.record.state)},
               {"on", fault.record.on},
               {"verified", {{"asked", fault.record.asked}, {"seen", fault.record.seen}}},
               {"error", fault.record.error.empty() ? Json(nullptr) : Json(fault.record.error)},
               {"impact", impact_json(fault)}};
  if (fault.record.is_stopped) json["stopped_by"] = "operator";
  for (const auto& [instance, after] : ready_again(fault.record, events)) {
    json["ready_again_ms"][instance] = to_milliseconds(after);
  }
  if (const auto& survival = fault.record.survival) {
    json["connections"] = {
        {"disturbed", survival->connections},
        {"survived", survival->survived},
        {"silent_at_end", survival->silent},
        {"longest_gap_ms", to_milliseconds(survival->longest_gap)},
        {"mean_gap_ms", to_milliseconds(survival->mean_gap)},
        {"rebinds", survival->rebinds},
        {"migrations",
         {{"made", survival->migrations},
          {"unanswered", survival->unanswered},
          {"refused", survival->refused}}},
        {"no_socket", survival->impossible},
        {"key_updates", {{"made", survival->key_updates}, {"not_made", survival->keys_kept}}}};
  }
  return json;
}

/// A share to a ten-thousandth: more digits of a second's figure only make the file longer.
Json share(double value) { return finite(std::round(value * 1e4) / 1e4); }

/// By second; null where the agent's system does not tell.
Json health_json(const std::map<std::int64_t, Health>& seconds) {
  Json json;
  const auto column = [&](const char* key, auto value_of) {
    Json values = Json::array();
    for (const auto& [second, health] : seconds) values.push_back(value_of(health));
    json[key] = std::move(values);
  };
  const auto time = [](const std::optional<Duration>& value) {
    return value ? Json(to_milliseconds(*value)) : Json(nullptr);
  };
  json["t_s"] = Json::array();
  for (const auto& [second, health] : seconds) json["t_s"].push_back(second);
  column("cpu", [](const Health& health) { return share(health.cpu); });
  column("lateness_max_ms", [](const Health& h) { return to_milliseconds(h.lateness_max); });
  column("descheduled_ms", [&](const Health& health) { return time(health.descheduled_max); });
  column("throttled_ms", [&](const Health& health) { return time(health.throttled); });
  column("backlog", [](const Health& health) { return health.backlog; });
  column("in_flight", [](const Health& health) { return health.in_flight; });
  column("descriptors", [](const Health& health) { return health.descriptors; });
  column("ports", [](const Health& h) { return h.ports ? share(*h.ports) : Json(nullptr); });
  column("clock_jump_ms", [](const Health& h) { return to_milliseconds(h.clock_jump); });
  return json;
}

Json agent_json(const AgentResult& agent) {
  Json labels = Json::object();
  for (const auto& [key, value] : agent.record.labels) labels[key] = value;
  return {{"labels", labels},
          {"version", agent.record.version},
          {"state", agent.record.state},
          {"clock_offset_ms", finite(agent.record.clock_offset_ms)},
          {"clock_error_ms", finite(agent.record.clock_error_ms)},
          {"clock_drift_ms", finite(agent.record.clock_drift_ms)},
          {"cpu_peak", finite(agent.cpu_peak)},
          {"health", health_json(agent.health)}};
}

Json event_json(const Event& event) {
  return {{"at_s", to_seconds(event.at)},
          {"agent", event.agent},
          {"kind", event.kind},
          {"subject", event.subject},
          {"detail", event.detail}};
}

Json machine_json(const std::optional<Machine>& machine) {
  if (!machine) return nullptr;
  return {{"cpu", machine->cpu},
          {"cores", machine->cores},
          {"memory_bytes", machine->memory_bytes},
          {"kernel", machine->kernel},
          {"squall", machine->squall}};
}

/// `comparison` and `canary.LOAD`, where something was compared.
void add_comparisons(const RunResult& result, Json& json) {
  if (result.comparison) json["comparison"] = comparison_json(*result.comparison);
  for (const CanaryResult& canary : result.canaries) {
    json["canary"][canary.control] = {{"canary", canary.canary},
                                      {"share", canary.share},
                                      {"comparison", comparison_json(canary.comparison)}};
  }
}

}  // namespace

Json results_json(const RunResult& result) {
  Json json = {
      {"squall", 1},
      {"run", result.run},
      {"scenario", result.scenario},
      {"description", result.description},
      {"verdict", to_string(result.verdict)},
      {"reasons", result.reasons},
      {"warnings", result.warnings},
      {"started", utc(result.started)},
      {"duration_s", to_seconds(result.duration)},
      {"machine", machine_json(result.machine)},
  };
  for (const char* part : {"load", "faults", "objectives", "guards", "probes", "steady", "agents"})
    json[part] = Json::object();
  json["events"] = Json::array();
  for (const LoadResult& load : result.loads) json["load"][load.name] = load_json(load);
  for (const FaultResult& fault : result.faults) {
    json["faults"][fault.record.label] = fault_json(fault, result.events);
  }
  for (const ObjectiveResult& objective : result.objectives) {
    json["objectives"][objective.name] = objective_json(objective);
  }
  for (const GuardResult& guard : result.guards) json["guards"][guard.name] = guard_json(guard);
  for (const ProbeResult& probe : result.probes) json["probes"][probe.name] = probe_json(probe);
  for (const SteadyState& state : result.steady) json["steady"][state.load] = steady_json(state);
  for (const AgentResult& agent : result.agents) {
    json["agents"][agent.record.name] = agent_json(agent);
  }
  if (const auto& merged = result.merge_lateness) {
    json["merge_lateness_ms"] = {{"seconds", merged->seconds},
                                 {"p50", to_milliseconds(merged->p50)},
                                 {"p99", to_milliseconds(merged->p99)},
                                 {"max", to_milliseconds(merged->max)}};
  }
  add_comparisons(result, json);
  for (const Event& event : result.events) json["events"].push_back(event_json(event));
  if (result.capacity) {
    json["capacity"] = capacity_json(*result.capacity, result.capacity_sentence);
  }
  for (const MatrixRowResult& row : result.matrix) json["matrix"].push_back(matrix_row_json(row));
  return json;
}

std::string write_results_json(const RunResult& result) { return json_text(results_json(result)); }

std::string write_events_jsonl(const RunResult& result) {
  std::string out;
  for (const Event& event : result.events) out += json_line(event_json(event)) + "\n";
  return out;
}

}  // namespace squall::reports
