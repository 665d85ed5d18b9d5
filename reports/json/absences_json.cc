#include "reports/json/absences_json.h"

#include <cmath>
#include <optional>

#include <nlohmann/json.hpp>

namespace squall::reports {
namespace {

using Json = nlohmann::ordered_json;

Json finite(double number) { return std::isfinite(number) ? Json(number) : Json(nullptr); }

Json seconds(const std::optional<Duration>& length) {
  return length ? Json(to_seconds(*length)) : Json(nullptr);
}

Json objective_json(const ObjectiveResult& objective) {
  return {{"load", objective.load},
          {"goal", objective.goal},
          {"measured", objective.measured ? Json(*objective.measured) : Json(nullptr)},
          {"met", objective.met},
          {"answer", to_string(objective.answer)},
          {"budget",
           {{"allowed", objective.budget_allowed},
            {"spent", objective.bad},
            {"share", finite(objective.budget_share)}}},
          {"sentence", objective.sentence}};
}

Json absence_json(const AbsenceResult& one) {
  Json objectives = Json::object();
  for (const ObjectiveResult& objective : one.objectives) {
    objectives[objective.name] = objective_json(objective);
  }
  return {
      {"name", one.absence.name},
      {"kind", to_string(one.absence.kind)},
      {"members", one.absence.members},
      {"outcome", to_string(one.outcome)},
      {"verdict", to_string(one.verdict)},
      {"run", one.run},
      {"folder", one.folder},
      {"from_s", to_seconds(one.from)},
      {"to_s", to_seconds(one.to)},
      {"due", one.samples},
      {"not_ok", one.not_ok},
      {"budget_spent", finite(one.budget_spent)},
      {"depth", {{"error_share", one.worst_not_ok}, {"p99_ms", to_milliseconds(one.worst_p99)}}},
      {"steady_without_it_after_s", seconds(one.recovered_under)},
      {"recovered_after_s", seconds(one.recovered)},
      {"objectives", std::move(objectives)},
      {"sentence", one.sentence}};
}

}  // namespace

std::string write_absences_json(const std::string& scenario, const scenarios::AbsenceTiming& timing,
                                const std::vector<AbsenceResult>& ranked,
                                const std::vector<std::string>& untried) {
  Json single = Json::array();
  Json things = Json::array();
  for (const AbsenceResult& one : ranked) {
    if (one.outcome == AbsenceResult::Outcome::kSinglePoint) single.push_back(one.absence.name);
    things.push_back(absence_json(one));
  }
  const Json json = {{"squall", 1},
                     {"scenario", scenario},
                     {"how", to_string(timing.way)},
                     {"from_s", to_seconds(timing.from)},
                     {"to_s", to_seconds(timing.from + timing.length)},
                     {"sentence", absences_sentence(ranked)},
                     {"single_points", std::move(single)},
                     {"untried", untried},
                     {"things", std::move(things)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace squall::reports
