#include <string_view>

#include "reports/judge/run_result.h"

namespace squall::reports {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kFail:
      return "fail";
    case Verdict::kAborted:
      return "aborted";
    case Verdict::kInvalid:
      return "invalid";
    case Verdict::kIneffective:
      return "ineffective";
    case Verdict::kError:
      return "error";
    case Verdict::kResidue:
      return "residue";
  }
  return "error";
}

std::string_view to_string(ObjectiveResult::Answer answer) {
  switch (answer) {
    case ObjectiveResult::Answer::kNoSamples:
      return "no samples";
    case ObjectiveResult::Answer::kTooFew:
      return "too few";
    case ObjectiveResult::Answer::kMissed:
      return "missed";
    case ObjectiveResult::Answer::kMet:
      return "met";
  }
  return "no samples";
}

int exit_code(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return 0;
    case Verdict::kFail:
      return 1;
    case Verdict::kAborted:
      return 3;
    case Verdict::kInvalid:
      return 4;
    case Verdict::kIneffective:
      return 5;
    case Verdict::kResidue:
      return 6;
    case Verdict::kError:
      return 7;
  }
  return 7;
}

}  // namespace squall::reports
