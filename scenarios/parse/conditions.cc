#include "scenarios/parse/conditions.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "scenarios/parse/numbers.h"
#include "scenarios/parse/words.h"

namespace squall::scenarios {
namespace {

using Condition = GuardCondition;
using Figure = GuardCondition::Figure;
using Compare = GuardCondition::Compare;

constexpr std::string_view kExample = "a condition such as browse.error_share > 20%";
constexpr std::string_view kAbsentWord = " absent";
constexpr std::string_view kOfDue = "of due";

const std::vector<std::string> kOfObjective{"burn_rate", "budget_spent"};
const std::vector<std::string> kOfLoad{
    "error_share", "rate", "rate.due", "rate.sent", "rate.completed", "p50", "p90",
    "p95",         "p99",  "p99.9",    "max"};

struct Sign {
  std::string_view text;
  Compare compare;
};
// Longer first: "<=" begins with "<".
constexpr std::array kSigns{Sign{"<=", Compare::kLessOrEqual}, Sign{">=", Compare::kGreaterOrEqual},
                            Sign{"<", Compare::kLess}, Sign{">", Compare::kGreater}};

/// "browse.p99 > 1s" in three.
struct Pieces {
  std::string_view left;
  Compare compare = Compare::kGreater;
  std::string_view right;
};

std::optional<Pieces> split_at_sign(std::string_view text) {
  const std::size_t at = text.find_first_of("<>");
  if (at == std::string_view::npos) return std::nullopt;
  for (const Sign& sign : kSigns) {
    if (!text.substr(at).starts_with(sign.text)) continue;
    return Pieces{trimmed(text.substr(0, at)), sign.compare,
                  trimmed(text.substr(at + sign.text.size()))};
  }
  return std::nullopt;
}

bool has(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

Figure figure_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Figure>, 7> kNames{
      {{"error_share", Figure::kErrorShare},
       {"rate", Figure::kCompletedRate},
       {"rate.due", Figure::kDueRate},
       {"rate.sent", Figure::kSentRate},
       {"rate.completed", Figure::kCompletedRate},
       {"burn_rate", Figure::kBurnRate},
       {"budget_spent", Figure::kBudgetSpent}}};
  for (const auto& [word, figure] : kNames) {
    if (word == name) return figure;
  }
  return Figure::kPercentile;
}

/// Puts the number of `text` into the condition, or answers what is wrong with it.
template <typename T, typename AsNumber>
std::string take(const Parsed<T>& parsed, AsNumber as_number, double& limit) {
  if (parsed.value) limit = as_number(*parsed.value);
  return parsed.mistake;
}

std::string read_limit(std::string_view text, Condition& condition) {
  switch (condition.figure) {
    case Figure::kBurnRate:
      return take(
          parse_number(text, "a number such as 14.4"), [](double v) { return v; }, condition.limit);
    case Figure::kErrorShare:
      return take(
          parse_share(text), [](Share v) { return v.value; }, condition.limit);
    case Figure::kBudgetSpent: {
      // More than the whole budget can be spent, and a guard may wait for that.
      std::string_view digits = text;
      const bool is_percent = digits.ends_with('%');
      if (is_percent) digits.remove_suffix(1);
      return take(
          parse_number(digits, "a share such as 50% or 0.5"),
          [&](double v) { return is_percent ? v / 100 : v; }, condition.limit);
    }
    case Figure::kSentRate:
    case Figure::kCompletedRate:
      if (text.ends_with(kOfDue)) {
        condition.limit_is_of_due = true;
        return take(
            parse_share(trimmed(text.substr(0, text.size() - kOfDue.size()))),
            [](Share v) { return v.value; }, condition.limit);
      }
      [[fallthrough]];
    case Figure::kDueRate:
      return take(
          parse_rate(text), [](Rate v) { return v.per_second; }, condition.limit);
    default:
      return take(
          parse_duration(text), [](Duration v) { return to_seconds(v); }, condition.limit);
  }
}

Parsed<Condition> parse_absent(std::string_view text, const ConditionNames& names) {
  Condition condition;
  condition.text = text;
  condition.figure = Figure::kAbsent;
  condition.of = trimmed(text.substr(0, text.size() - kAbsentWord.size()));
  if (!has(names.loads, condition.of)) {
    return Parsed<Condition>::no("unknown load " + in_quotes(condition.of) +
                                 hint(condition.of, names.loads));
  }
  return Parsed<Condition>::ok(condition);
}

}  // namespace

Parsed<double> parse_percentile_name(std::string_view text) {
  using Percentile = Parsed<double>;
  constexpr std::string_view kExpected = "a percentile such as p99.9, or max";
  const std::string_view name = trimmed(text);
  if (name == "max") return Percentile::ok(100);
  if (!name.starts_with('p')) return Percentile::no(is_not(text, kExpected));
  const auto number = parse_number(name.substr(1), kExpected);
  if (!number.value || *number.value <= 0 || *number.value >= 100) {
    return Percentile::no(is_not(text, kExpected));
  }
  return number;
}

Parsed<LimitSpec> parse_limit(std::string_view text) {
  using Limit = Parsed<LimitSpec>;
  const auto pieces = split_at_sign(text);
  if (!pieces) return Limit::no(is_not(text, kLimit.expected));
  if (pieces->compare == Compare::kGreater || pieces->compare == Compare::kGreaterOrEqual) {
    return Limit::no(in_quotes(text) + " asks for slowness: expected < or <=");
  }
  const auto percentile = parse_percentile_name(pieces->left);
  if (!percentile.value) return Limit::no(percentile.mistake);
  const auto limit = parse_positive_duration(pieces->right);
  if (!limit.value) return Limit::no(limit.mistake);
  return Limit::ok({std::string(pieces->left), *percentile.value, *limit.value});
}

Parsed<GuardCondition> parse_condition(std::string_view text, const ConditionNames& names) {
  const auto no = [](std::string why) { return Parsed<Condition>::no(std::move(why)); };
  const std::string_view whole = trimmed(text);
  if (whole == "agent.lost") {
    Condition condition;
    condition.text = whole;
    condition.figure = Figure::kAgentLost;
    condition.figure_name = "lost";
    return Parsed<Condition>::ok(condition);
  }
  if (whole.ends_with(kAbsentWord)) return parse_absent(whole, names);
  const auto pieces = split_at_sign(whole);
  const std::size_t dot = pieces ? pieces->left.find('.') : std::string_view::npos;
  if (!pieces || dot == std::string_view::npos) return no(is_not(text, kExample));

  Condition condition;
  condition.text = whole;
  condition.of = trimmed(pieces->left.substr(0, dot));
  condition.figure_name = trimmed(pieces->left.substr(dot + 1));
  condition.compare = pieces->compare;
  const bool is_objective = has(names.objectives, condition.of);
  const bool is_load = has(names.loads, condition.of);
  if (!is_objective && !is_load) {
    std::vector<std::string> known = names.objectives;
    known.insert(known.end(), names.loads.begin(), names.loads.end());
    return no("unknown objective or load " + in_quotes(condition.of) + hint(condition.of, known));
  }
  std::vector<std::string> figures = is_objective ? kOfObjective : std::vector<std::string>{};
  if (is_load) figures.insert(figures.end(), kOfLoad.begin(), kOfLoad.end());
  if (!has(figures, condition.figure_name)) {
    return no("unknown figure " + in_quotes(condition.figure_name) +
              hint(condition.figure_name, figures));
  }
  condition.figure = figure_of(condition.figure_name);
  if (condition.figure == Figure::kPercentile) {
    condition.percentile = *parse_percentile_name(condition.figure_name).value;
  }
  std::string mistake = read_limit(pieces->right, condition);
  if (!mistake.empty()) return no(std::move(mistake));
  return Parsed<Condition>::ok(condition);
}

}  // namespace squall::scenarios
