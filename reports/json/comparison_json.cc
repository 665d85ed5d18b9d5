#include "reports/json/comparison_json.h"

#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "reports/json/json_text.h"

namespace squall::reports {
namespace {

using Json = nlohmann::ordered_json;

Json known(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

std::string_view unit_name(Difference::Unit unit) {
  switch (unit) {
    case Difference::Unit::kTime:
      return "ms";
    case Difference::Unit::kShare:
      return "share";
    case Difference::Unit::kRate:
      return "per_s";
  }
  return "ms";
}

Json difference_json(const Difference& difference) {
  return {{"load", difference.load},
          {"phase", difference.phase.empty() ? Json(nullptr) : Json(difference.phase)},
          {"figure", difference.figure},
          {"unit", unit_name(difference.unit)},
          {"a", known(difference.a)},
          {"b", known(difference.b)},
          {"change", known(difference.change)},
          {"low", known(difference.low)},
          {"high", known(difference.high)},
          {"limit", difference.limit},
          {"answer", to_string(difference.answer)},
          {"decisive", difference.is_decisive}};
}

}  // namespace

Json comparison_json(const Comparison& comparison) {
  Json json = {{"a", comparison.a},
               {"b", comparison.b},
               {"verdict", to_string(comparison.verdict)},
               {"reasons", comparison.reasons},
               {"remarks", comparison.remarks},
               {"tolerance", comparison.tolerance},
               {"confidence", comparison.confidence},
               {"differences", Json::array()}};
  for (const Difference& difference : comparison.differences) {
    json["differences"].push_back(difference_json(difference));
  }
  return json;
}

std::string write_comparison_json(const Comparison& comparison) {
  return json_text(comparison_json(comparison));
}

}  // namespace squall::reports
