#include "reports/json/capacity_json.h"

#include <optional>
#include <utility>

namespace squall::reports {
namespace {

using Json = nlohmann::ordered_json;

Json rate_or_null(const std::optional<Rate>& rate) {
  return rate ? Json(rate->per_second) : Json(nullptr);
}

/// Zero: nothing had ended.
Json latency_or_null(Duration latency) {
  return latency > Duration::zero() ? Json(to_milliseconds(latency)) : Json(nullptr);
}

Json probe_json(const CapacityProbe& probe) {
  Json goals = Json::object();
  for (const CapacityTally& goal : probe.goals) {
    goals[goal.objective] = {{"samples", goal.samples},
                             {"bad", goal.bad},
                             {"share", goal.share()},
                             {"allowed", goal.allowed},
                             {"dispersion", goal.dispersion}};
  }
  return {{"kind", to_string(probe.kind)},
          {"answer", to_string(probe.answer)},
          {"why", probe.why},
          {"rate", probe.rate.per_second},
          {"sent", probe.sent.per_second},
          {"goodput", probe.goodput.per_second},
          {"latency_ms",
           {{"mean", latency_or_null(probe.mean)},
            {"p50", latency_or_null(probe.p50)},
            {"p99", latency_or_null(probe.p99)}}},
          {"from_s", probe.from},
          {"measured_from_s", probe.measured},
          {"to_s", probe.to},
          {"recovery_s", probe.recovery ? Json(*probe.recovery) : Json(nullptr)},
          {"recovered", probe.has_recovered},
          {"objectives", std::move(goals)}};
}

}  // namespace

Json capacity_json(const CapacityRecord& capacity, const std::string& sentence) {
  Json probes = Json::array();
  for (const CapacityProbe& probe : capacity.probes) probes.push_back(probe_json(probe));
  return {{"load", capacity.load},
          {"sentence", sentence},
          {"end", to_string(capacity.end)},
          {"good", rate_or_null(capacity.good)},
          {"verified", capacity.is_verified},
          {"bad", rate_or_null(capacity.bad)},
          {"generator", rate_or_null(capacity.generator)},
          {"lacks_streams", capacity.lacks_streams},
          {"confidence", capacity.confidence},
          {"precision", capacity.precision},
          {"hold_s", capacity.hold},
          {"within", {capacity.low.per_second, capacity.high.per_second}},
          {"knee", rate_or_null(capacity.knee)},
          {"past", to_string(capacity.past)},
          {"goodput_kept", capacity.kept ? Json(*capacity.kept) : Json(nullptr)},
          {"while", capacity.faults},
          {"why_cut", capacity.why_cut},
          {"probes", std::move(probes)}};
}

Json matrix_row_json(const MatrixRowResult& result) {
  const MatrixRow& row = result.row;
  const auto known = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
  Json faults = Json::object();
  for (const MatrixRowResult::Fault& fault : result.faults) {
    faults[fault.label] = {{"verified", fault.is_verified}, {"seen", fault.seen}};
  }
  Json json = {{"name", row.name},
               {"begun", row.from.has_value()},
               {"from_s", known(row.from)},
               {"to_s", row.from ? Json(row.to) : Json(nullptr)},
               {"share", known(result.share.value)},
               {"share_low", known(result.share.low)},
               {"share_high", known(result.share.high)},
               {"faults", std::move(faults)},
               {"recovery_s", known(row.recovery)},
               {"recovered", row.has_recovered}};
  json.update(capacity_json(row.capacity, result.sentence));
  return json;
}

}  // namespace squall::reports
