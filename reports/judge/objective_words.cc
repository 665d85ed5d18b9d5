#include "reports/judge/objective_words.h"

#include <fmt/format.h>

#include "reports/judge/words.h"

namespace squall::reports {
namespace {

using scenarios::ObjectiveSpec;

std::string limit_in_words(const scenarios::LimitSpec& limit) {
  return fmt::format("{} at most {}", limit.figure, as_chosen(limit.limit));
}

/// ", from 10 s after lossy-uplink".
std::string stretch_in_words(const ObjectiveSpec& objective) {
  if (objective.during) {
    return (scenarios::phase_of(*objective.during) ? ", " : ", during ") + *objective.during;
  }
  if (!objective.after) return "";
  const bool is_later = objective.by && *objective.by > Duration{};
  return fmt::format(", from {} {}", is_later ? as_chosen(*objective.by) + " after" : "the end of",
                     *objective.after);
}

/// "within 250 ms, from 10 s after lossy-uplink".
std::string condition_in_words(const ObjectiveSpec& objective) {
  std::string words = objective.request ? "of " + *objective.request + " " : "";
  if (objective.within) words += "within " + as_chosen(*objective.within);
  if (objective.good) words += "with " + objective.good->text;
  if (objective.windows) words += "with " + limit_in_words(objective.windows->limit);
  return words + stretch_in_words(objective);
}

std::string subject_in_words(const ObjectiveSpec& objective) {
  if (objective.windows) return "windows of " + as_chosen(objective.windows->of);
  return objective.within ? "responses" : "requests";
}

std::string allowed_in_words(double allowed) {
  // The tiny addition takes back what binary fractions take away: 1.2 × 10 is 11.999….
  const auto tenths = static_cast<std::uint64_t>(allowed * 10 * (1 + 1e-13) + 1e-6);
  return tenths % 10 == 0 ? thousands(tenths / 10)
                          : fmt::format("{}.{}", thousands(tenths / 10), tenths % 10);
}

std::string no_samples(const ObjectiveSpec& objective, bool has_no_stretch) {
  std::string why = "no request fell due";
  if (has_no_stretch && objective.after) why = *objective.after + " never ended";
  if (has_no_stretch && objective.during) {
    why = scenarios::phase_of(*objective.during) ? "no phase was '" + *objective.during + "'"
                                                 : *objective.during + " was never in force";
  }
  return fmt::format("{}: no samples: {}", objective.name, why);
}

std::string of_limit(const ObjectiveSpec& objective, const ObjectiveResult& result) {
  const std::string_view verb = result.bad == 1 ? "was" : "were";
  const std::string figure = result.limit->measured
                                 ? "was " + in_three_digits(*result.limit->measured)
                                 : "lies among requests that never ended";
  return fmt::format(
      "{}: {}{} {}{}, limit {}: {} of {} {} beyond it, {} allowed", objective.name,
      result.limit->figure, objective.request ? " of " + *objective.request : std::string(), figure,
      stretch_in_words(objective), as_chosen(result.limit->limit), thousands(result.bad),
      counted(result.samples, "request"), verb, allowed_in_words(result.budget_allowed));
}

}  // namespace

std::string objective_text(const ObjectiveSpec& objective) {
  if (objective.limit) {
    return limit_in_words(*objective.limit) +
           (objective.request ? " of " + *objective.request : "") + stretch_in_words(objective);
  }
  return fmt::format("{} of {} {}",
                     percent(objective.goal.value, percent_decimals(objective.goal.value)),
                     subject_in_words(objective), condition_in_words(objective));
}

std::string objective_sentence(const ObjectiveSpec& objective, const ObjectiveResult& result,
                               std::uint64_t least, bool has_no_stretch) {
  if (result.samples == 0) return no_samples(objective, has_no_stretch);
  if (result.samples < least) {
    return fmt::format("{}: too few samples: {}, at least {} wanted", objective.name,
                       counted(result.samples, result.unit), thousands(least));
  }
  if (objective.limit) return of_limit(objective, result);
  const int decimals = percent_decimals(result.goal);
  return fmt::format("{}: {} {}{}, goal {}: {} of {} {} bad, {} allowed", objective.name,
                     percent(*result.measured, decimals),
                     objective.windows ? "of " + subject_in_words(objective) + " " : std::string(),
                     condition_in_words(objective), percent(result.goal, decimals),
                     thousands(result.bad), counted(result.samples, result.unit),
                     result.bad == 1 ? "was" : "were", allowed_in_words(result.budget_allowed));
}

}  // namespace squall::reports
