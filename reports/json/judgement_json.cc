#include "reports/json/judgement_json.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace squall::reports {
namespace {

using Json = nlohmann::ordered_json;

Json finite(double number) { return std::isfinite(number) ? Json(number) : Json(nullptr); }

Json seconds(const std::optional<Duration>& offset) {
  return offset ? Json(to_seconds(*offset)) : Json(nullptr);
}

Json text(const std::string& words) { return words.empty() ? Json(nullptr) : Json(words); }

Json shares(const std::map<std::string, double>& by_objective) {
  Json json = Json::object();
  for (const auto& [objective, share] : by_objective) json[objective] = finite(share);
  return json;
}

Json alerts_json(const std::vector<BurnAlert>& alerts) {
  Json list = Json::array();
  for (const BurnAlert& alert : alerts) {
    Json firings = Json::array();
    for (const Firing& firing : alert.firings) {
      firings.push_back({{"fired_s", to_seconds(firing.from)}, {"reset_s", seconds(firing.to)}});
    }
    const bool has_fired = !alert.firings.empty();
    list.push_back(
        {{"severity", to_string(alert.rule.severity)},
         {"long_s", to_seconds(alert.rule.long_window)},
         {"short_s", to_seconds(alert.rule.short_window)},
         {"factor", alert.rule.factor},
         {"fired_s", has_fired ? Json(to_seconds(alert.firings.front().from)) : Json(nullptr)},
         {"reset_s", has_fired ? seconds(alert.firings.front().to) : Json(nullptr)},
         {"firings", std::move(firings)}});
  }
  return list;
}

/// By second, so that two runs can be compared.
Json error_series_json(const ErrorSeries& series) {
  const auto column = [](const std::vector<double>& numbers) {
    Json list = Json::array();
    for (const double number : numbers) {
      const bool is_whole = number == std::floor(number) && number < 9e15;
      list.push_back(is_whole ? Json(static_cast<std::uint64_t>(number)) : Json(number));
    }
    return list;
  };
  return {
      {"from_s", series.from}, {"samples", column(series.samples)}, {"bad", column(series.bad)}};
}

Json burn_json(const BurnResult& burn) {
  Json json = {{"alerts", alerts_json(burn.alerts)}, {"scaled", nullptr}};
  if (!burn.scale) return json;
  json["scaled"] = {{"scale", *burn.scale}, {"alerts", alerts_json(burn.scaled)}};
  // Only where there is one: a run of more than some seconds has none.
  for (const BurnRule& rule : burn.left_out) {
    json["scaled"]["left_out"].push_back({{"severity", to_string(rule.severity)},
                                          {"long_s", to_seconds(rule.long_window)},
                                          {"short_s", to_seconds(rule.short_window)}});
  }
  return json;
}

}  // namespace

Json objective_json(const ObjectiveResult& objective) {
  Json json = {{"load", objective.load},
               {"text", objective.text},
               {"goal", objective.goal},
               {"measured", objective.measured ? finite(*objective.measured) : Json(nullptr)},
               {"met", objective.met},
               {"answer", to_string(objective.answer)},
               {"unit", objective.unit},
               {"samples", objective.samples},
               {"budget",
                {{"allowed", objective.budget_allowed},
                 {"spent", objective.bad},
                 {"share", finite(objective.budget_share)}}},
               {"sentence", objective.sentence}};
  if (objective.limit) {
    json["limit"] = {{"figure", objective.limit->figure},
                     {"limit_ms", to_milliseconds(objective.limit->limit)},
                     {"measured_ms", objective.limit->measured
                                         ? Json(to_milliseconds(*objective.limit->measured))
                                         : Json(nullptr)}};
  }
  if (objective.period) {
    json["period"] = {{"period_s", to_seconds(objective.period->period)},
                      {"rate", finite(objective.period->rate)},
                      {"rate_from", objective.period->is_rate_stated ? "scenario" : "run"},
                      {"samples", finite(objective.period->samples)},
                      {"allowed", finite(objective.period->allowed)},
                      {"share", finite(objective.period->share)},
                      {"lasts_s", seconds(objective.period->lasts)}};
  }
  json["burn"] = burn_json(objective.burn);
  json["series"] = error_series_json(objective.series);
  return json;
}

Json impact_json(const FaultResult& fault) {
  Json json = {{"detected_s", nullptr},
               {"recovered_s", nullptr},
               {"budget_spent", shares(fault.budget_spent)}};
  if (!fault.impact) return json;
  const FaultImpact& impact = *fault.impact;
  Json depth = Json::object();
  for (const Depth& worst : impact.depth) {
    depth[worst.load] = {{"length_s", to_seconds(worst.length)},
                         {"error_share", worst.error_share},
                         {"error_share_from_s", to_seconds(worst.error_share_from)},
                         {"p99_ms", to_milliseconds(worst.p99)},
                         {"p99_from_s", to_seconds(worst.p99_from)}};
  }
  json["effective_s"] = to_seconds(impact.effective);
  json["departed_s"] = seconds(impact.departed);
  json["detected_s"] = seconds(impact.detected);
  json["detected_by"] = text(impact.detected_by);
  json["recovered_s"] = seconds(impact.recovered);
  json["recovered_under_s"] = seconds(impact.recovered_under);
  json["depth"] = std::move(depth);
  json["not_ok"] = impact.not_ok;
  json["not_ok_more"] = impact.not_ok_more ? Json(*impact.not_ok_more) : Json(nullptr);
  json["budget_spent_after"] = shares(impact.budget_spent_after);
  json["overlaps"] = impact.overlaps;
  json["note"] = text(impact.note);
  json["sentence"] = impact.sentence;
  return json;
}

Json guard_json(const GuardResult& guard) {
  return {{"condition", guard.condition},
          {"tripped_s", seconds(guard.tripped)},
          {"sentence", text(guard.sentence)}};
}

Json probe_json(const ProbeResult& probe) {
  return {{"asked", probe.asked},
          {"failed", probe.failed},
          {"longest_down_s", to_seconds(probe.longest_down)},
          {"met", probe.met},
          {"sentence", probe.sentence}};
}

Json steady_json(const SteadyState& state) {
  const bool is_learnt = state.seconds > 0;
  const auto learnt = [is_learnt](double figure) { return is_learnt ? Json(figure) : Json(); };
  const bool has_p99 = state.p99_limit != Duration::max();
  const bool has_share = is_learnt || state.is_error_share_stated;
  return {{"seconds", state.seconds},
          {"hold_s", state.hold},
          {"error_share",
           {{"stated", state.is_error_share_stated},
            {"median", learnt(state.error_share)},
            {"mad", learnt(state.error_share_mad)},
            {"limit", has_share ? Json(state.error_share_limit) : Json()}}},
          {"p99_ms",
           {{"stated", state.is_p99_stated},
            {"median", learnt(to_milliseconds(state.p99))},
            {"mad", learnt(to_milliseconds(state.p99_mad))},
            {"limit", has_p99 ? Json(to_milliseconds(state.p99_limit)) : Json()}}}};
}

}  // namespace squall::reports
