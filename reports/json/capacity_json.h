#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "reports/capacity/capacity_record.h"

namespace squall::reports {

/// `capacity` of results.json. Rates are per second.
nlohmann::ordered_json capacity_json(const CapacityRecord& capacity, const std::string& sentence);

}  // namespace squall::reports
