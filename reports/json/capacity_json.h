#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "reports/capacity/capacity_record.h"
#include "reports/judge/run_result.h"

namespace squall::reports {

/// `capacity` of results.json. Rates are per second.
nlohmann::ordered_json capacity_json(const CapacityRecord& capacity, const std::string& sentence);

/// A row of `matrix` of results.json: all of `capacity`, and what makes it a row.
nlohmann::ordered_json matrix_row_json(const MatrixRowResult& result);

}  // namespace squall::reports
