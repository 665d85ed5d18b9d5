#include "reports/judge/matrix_words.h"

#include <fmt/format.h>

#include "reports/judge/capacity_words.h"
#include "reports/judge/words.h"

namespace squall::reports {
namespace {

using End = CapacityRecord::End;

/// What the row came to, without its name.
std::string outcome_in_words(const CapacityRecord& capacity) {
  switch (capacity.end) {
    case End::kFound:
      return "up to " + rate_in_words(capacity.good.value_or(Rate{}));
    case End::kAllHold:
      return fmt::format("up to {}, the highest rate that was to be tried",
                         rate_in_words(capacity.good.value_or(capacity.high)));
    case End::kNoneHolds:
      return fmt::format("not even at {}", rate_in_words(capacity.low));
    case End::kGenerator:
      return fmt::format("unknown: {} {}",
                         capacity.lacks_streams ? "the load's own streams were too few at"
                                                : "the generator is the limit at",
                         rate_in_words(capacity.generator.value_or(Rate{})));
    case End::kCut:
      break;
  }
  return capacity.good ? fmt::format("at {}, and then the search ended without an answer",
                                     rate_in_words(*capacity.good))
                       : "unknown: the search ended without an answer";
}

bool is_known(const CapacityShare& share) { return share.value || share.low || share.high; }

}  // namespace

std::string share_in_words(const CapacityShare& share) {
  if (share.value) return percent(*share.value, 0);
  if (share.low && share.high) {
    return fmt::format("{} to {}", percent(*share.low, 0), percent(*share.high, 0));
  }
  if (share.low) return "at least " + percent(*share.low, 0);
  if (share.high) return "at most " + percent(*share.high, 0);
  return "an unknown share";
}

std::string row_in_words(const MatrixRow& row, const CapacityRecord& whole) {
  std::string words = capacity_in_words(row.capacity);
  const CapacityShare share = share_of(row.capacity, whole);
  if (!row.capacity.faults.empty() && is_known(share)) {
    words += fmt::format("; {} of its capacity without faults", share_in_words(share));
  }
  if (!row.has_recovered) words += "; latency was not back yet when this row began";
  return words;
}

std::string matrix_in_words(const std::vector<MatrixRow>& rows) {
  if (rows.empty()) return {};
  const CapacityRecord& whole = rows.front().capacity;
  std::string words =
      fmt::format("{}: without faults objectives held {}", whole.load, outcome_in_words(whole));
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const CapacityRecord& part = rows[i].capacity;
    words += fmt::format("; with {} {}", rows[i].name,
                         rows[i].from ? outcome_in_words(part) : "unknown: it was not begun");
    const CapacityShare share = share_of(part, whole);
    if (is_known(share)) words += fmt::format(", {} of that", share_in_words(share));
  }
  return words;
}

}  // namespace squall::reports
