#include <algorithm>
#include <cmath>
#include <string>

#include <nlohmann/json.hpp>

#include "scenarios/plan/phrases.h"
#include "scenarios/plan/plan.h"

namespace squall::scenarios {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kMostPoints = 3600;

Json of_services(const Scenario& scenario) {
  Json list = Json::object();
  for (const ServiceSpec& service : scenario.services) {
    Json one = {{"command", service.command},
                {"count", service.count},
                {"restart", service.restart == ServiceSpec::Restart::kAlways ? "always" : "never"}};
    if (service.ready) {
      one["ready"] = {{"url", service.ready->url}, {"within_s", to_seconds(service.ready->within)}};
    }
    list[service.name] = std::move(one);
  }
  return list;
}

Json of_schedule(const generators::LoadSpec& load) {
  if (const auto* closed = std::get_if<generators::ClosedSpec>(&load.schedule)) {
    return {{"users", closed->users}, {"think_ms", to_milliseconds(closed->think.mean)}};
  }
  if (const auto* replay = std::get_if<generators::ReplaySpec>(&load.schedule)) {
    return {{"replay", replay->file}, {"requests", replay->requests}, {"speed", replay->speed}};
  }
  const auto& open = std::get<generators::OpenSpec>(load.schedule);
  Json stages = Json::array();
  for (const auto& stage : open.stages) {
    stages.push_back({{"from", stage.from.per_second},
                      {"to", stage.to.per_second},
                      {"length_s", to_seconds(stage.length)}});
  }
  const bool is_poisson = open.arrivals == generators::Arrivals::kPoisson;
  return {{"arrivals", is_poisson ? "poisson" : "constant"}, {"stages", std::move(stages)}};
}

Json of_loads(const Scenario& scenario, const Plan& plan) {
  Json list = Json::object();
  for (const PlannedLoad& planned : plan.loads) {
    const auto* load = scenario.find_load(planned.name);
    const auto* target = scenario.find_target(planned.target);
    if (load == nullptr || target == nullptr) continue;
    Json urls = Json::array();
    for (const auto& url : target->urls) urls.push_back(url.scheme + "://" + url.authority());
    Json one = {{"target", target->name},
                {"protocol", protocol_name(target->protocol)},
                {"urls", std::move(urls)},
                {"from_s", to_seconds(planned.from)},
                {"to_s", to_seconds(planned.to)}};
    if (load->split) {
      one["split"] = {
          {"of", load->split->of}, {"canary", load->split->is_canary}, {"share", load->part()}};
    }
    one[load->is_open() ? "open" : "closed"] = of_schedule(*load);
    list[planned.name] = std::move(one);
  }
  return list;
}

Json of_faults(const Plan& plan) {
  Json list = Json::array();
  for (const PlannedFault& fault : plan.faults) {
    Json one = {{"name", fault.name}, {"label", fault.label}, {"from_s", to_seconds(fault.from)}};
    one["to_s"] = fault.to ? Json(to_seconds(*fault.to)) : Json(nullptr);
    one["what"] = fault.what;
    if (fault.row < plan.rows.size()) one["row"] = plan.rows[fault.row].name;
    list.push_back(std::move(one));
  }
  return list;
}

Json of_rows(const Scenario& scenario, const Plan& plan) {
  Json list = Json::array();
  for (std::size_t row = 0; row < plan.rows.size(); ++row) {
    list.push_back({{"name", plan.rows[row].name},
                    {"faults", scenario.matrix[row].faults},
                    {"from_s", to_seconds(plan.rows[row].from)},
                    {"to_s", to_seconds(plan.rows[row].to)}});
  }
  return list;
}

Json of_phases(const Plan& plan) {
  Json list = Json::array();
  for (const Phase& phase : plan.phases) {
    list.push_back(
        {{"name", phase.name}, {"from_s", to_seconds(phase.from)}, {"to_s", to_seconds(phase.to)}});
  }
  return list;
}

Json of_objectives(const Scenario& scenario) {
  Json list = Json::object();
  for (const ObjectiveSpec& objective : scenario.objectives) {
    Json one = {{"load", objective.load}};
    if (objective.good) one["good"] = objective.good->text;
    if (objective.within) one["within_ms"] = to_milliseconds(*objective.within);
    if (objective.request) one["request"] = *objective.request;
    if (objective.windows) {
      one["windows"] = {{"of_s", to_seconds(objective.windows->of)},
                        {"figure", objective.windows->limit.figure},
                        {"limit_ms", to_milliseconds(objective.windows->limit.limit)}};
    }
    if (objective.limit) {
      one["limit"] = {{"figure", objective.limit->figure},
                      {"limit_ms", to_milliseconds(objective.limit->limit)}};
    }
    one["goal"] = objective.goal.value;
    if (objective.during) one["during"] = *objective.during;
    if (objective.after) one["after"] = *objective.after;
    if (objective.by) one["by_s"] = to_seconds(*objective.by);
    if (objective.min_samples) one["min_samples"] = *objective.min_samples;
    if (objective.period) one["period_s"] = to_seconds(*objective.period);
    list[objective.name] = std::move(one);
  }
  return list;
}

Json of_guards(const Scenario& scenario) {
  Json list = Json::object();
  for (const GuardSpec& guard : scenario.guards) list[guard.name] = what_is_guarded(guard);
  return list;
}

/// The due rate of each open load at the middle of each second; of longer plans, at fewer points.
Json of_rates(const Scenario& scenario, const Plan& plan) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(plan.length).count();
  const std::int64_t step = std::max<std::int64_t>(1, (seconds + kMostPoints - 1) / kMostPoints);
  Json times = Json::array();
  std::vector<double> total;
  for (std::int64_t t = 0; t < seconds; t += step) times.push_back(t);
  total.resize(times.size());
  Json by_load = Json::object();
  for (const auto& load : scenario.loads) {
    if (!load.is_open()) continue;
    Json rates = Json::array();
    for (std::size_t i = 0; i < total.size(); ++i) {
      const double middle = (static_cast<double>(i) + 0.5) * static_cast<double>(step);
      const double rate = Plan::rate_at(load, from_seconds(middle)).per_second;
      rates.push_back(rate);
      total[i] += rate;
    }
    by_load[load.name] = std::move(rates);
  }
  return {{"every_s", step}, {"t_s", std::move(times)}, {"total", total}, {"load", by_load}};
}

}  // namespace

std::string to_json(const Scenario& scenario, const Plan& plan) {
  Json missing = Json::array();
  for (const NotSupported& part : scenario.not_supported) {
    missing.push_back({{"what", part.what}, {"where", part.where}});
  }
  Json capacity = nullptr;
  if (scenario.capacity) {
    const CapacitySpec& spec = *scenario.capacity;
    capacity = {{"search", spec.search},
                {"within", {spec.low.per_second, spec.high.per_second}},
                {"start", spec.start.per_second},
                {"precision", spec.precision.value},
                {"confidence", spec.confidence.value},
                {"hold_s", to_seconds(spec.hold)},
                {"deadline_s", to_seconds(spec.deadline)},
                {"while", spec.faults}};
  }
  Json json = {{"squall", 1},
               {"scenario", scenario.name},
               {"description", scenario.description},
               {"seed", scenario.seed},
               {"length_s", to_seconds(plan.length)},
               {"services", of_services(scenario)},
               {"load", of_loads(scenario, plan)},
               {"faults", of_faults(plan)},
               {"phases", of_phases(plan)},
               {"objectives", of_objectives(scenario)},
               {"capacity", std::move(capacity)},
               {"guards", of_guards(scenario)},
               {"safety",
                {{"longest_s", to_seconds(scenario.safety.longest)},
                 {"lease_s", to_seconds(scenario.safety.lease)}}},
               {"rate", of_rates(scenario, plan)},
               {"not_supported", std::move(missing)}};
  if (!plan.rows.empty()) json["matrix"] = of_rows(scenario, plan);
  // A text of the file may hold half a character after an override: replaced, never thrown at.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace squall::scenarios
