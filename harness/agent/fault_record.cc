#include "harness/agent/fault_record.h"

#include <algorithm>
#include <chrono>

#include "faults/core/fault_error.h"
#include "harness/base/number_text.h"
#include "harness/base/reason.h"

namespace squall::agent {
namespace {

using namespace std::chrono_literals;

std::string in_words(Duration length) {
  return length < 1s ? rounded(to_milliseconds(length)) + " ms"
                     : rounded(to_seconds(length)) + " s";
}

}  // namespace

void fail(reports::FaultRecord& record, const Error& why) {
  // A kernel that finds an argument invalid does not say by that which it was, nor of what.
  const bool is_kernels = why.code == std::make_error_code(std::errc::invalid_argument);
  record.error = is_kernels ? why.message() : in_words(why);
  if (const std::string stutter = record.label + ": "; record.error.starts_with(stutter)) {
    record.error.erase(0, stutter.size());
  }
  if (faults::is_residue(why)) {
    record.state = reports::FaultRecord::State::kResidue;
    return;
  }
  record.state = reports::FaultRecord::State::kFailed;
  record.from.reset();
  record.to.reset();
}

void note_length(reports::FaultRecord& record, Duration asked, Duration actual) {
  const Duration off = std::chrono::abs(actual - asked);
  const Duration notable = std::max<Duration>(50ms, std::min<Duration>(asked / 10, 1s));
  if (off <= notable) return;
  record.seen += "; in force for " + in_words(actual) + ", " + in_words(off) +
                 (actual > asked ? " longer" : " shorter") + " than asked for";
  if (actual >= asked / 2 || record.state != reports::FaultRecord::State::kInForce) return;
  record.state = reports::FaultRecord::State::kIneffective;
  record.error = "it was in force for " + in_words(actual) + " of " + in_words(asked);
}

void note_late(reports::FaultRecord& record, Duration late) {
  constexpr Duration kNotable = 100ms;
  if (late > kNotable) record.seen += "; it came " + in_words(late) + " late";
}

void note_never(reports::FaultRecord& record) {
  record.from.reset();
  record.state = reports::FaultRecord::State::kIneffective;
  record.error = "it never came: other faults held it up until its time was over";
}

}  // namespace squall::agent
