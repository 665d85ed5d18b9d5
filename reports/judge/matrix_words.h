#pragma once

#include <string>
#include <vector>

#include "reports/capacity/matrix_row.h"

namespace squall::reports {

/// "61 %", "at most 55 %", "48 % to 65 %", "an unknown share".
std::string share_in_words(const CapacityShare& share);

/// A row in a sentence: "browse: the target holds 4,100/s with one-gone (…); 61 % of its capacity
/// without faults".
std::string row_in_words(const MatrixRow& row, const CapacityRecord& whole);

/// All rows in one sentence: "browse: objectives held up to 6,700/s; with one-gone up to 4,100/s,
/// 61 % of that".
std::string matrix_in_words(const std::vector<MatrixRow>& rows);

}  // namespace squall::reports
