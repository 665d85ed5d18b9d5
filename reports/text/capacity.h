#pragma once

#include <string>

#include "reports/capacity/capacity_record.h"
#include "reports/text/summary_style.h"

namespace squall::reports {

/// The probes of a search, by rate, as a table under its heading.
std::string capacity_table(const CapacityRecord& capacity, const SummaryStyle& style);

}  // namespace squall::reports
