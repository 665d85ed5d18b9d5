#pragma once

#include <string>

#include "reports/capacity/capacity_record.h"

namespace squall::reports {

/// The answer of a search in a sentence: "browse: the target holds 4,100/s (lowest refuted 4,300/s,
/// 95 % confidence; held for 30 s); beyond it goodput keeps 97 % of its best".
std::string capacity_in_words(const CapacityRecord& capacity);

}  // namespace squall::reports
