#include "reports/junit/junit.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reports/judge/words.h"

namespace squall::reports {
namespace {

/// How many bytes the well-formed UTF-8 sequence at the front of `text` has that stands for a
/// character of XML 1.0 (§2.2); 0 when there is none. The table is Unicode's 3-7.
std::size_t character_length(std::string_view text) {
  struct Row {
    std::uint8_t first_low, first_high, second_low, second_high;
    std::size_t length;
  };
  constexpr std::array<Row, 8> kRows = {{{0xc2, 0xdf, 0x80, 0xbf, 2},
                                         {0xe0, 0xe0, 0xa0, 0xbf, 3},
                                         {0xe1, 0xec, 0x80, 0xbf, 3},
                                         {0xed, 0xed, 0x80, 0x9f, 3},
                                         {0xee, 0xef, 0x80, 0xbf, 3},
                                         {0xf0, 0xf0, 0x90, 0xbf, 4},
                                         {0xf1, 0xf3, 0x80, 0xbf, 4},
                                         {0xf4, 0xf4, 0x80, 0x8f, 4}}};
  const auto byte = [text](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  if (byte(0) < 0x80) {
    return byte(0) >= 0x20 || byte(0) == '\t' || byte(0) == '\n' || byte(0) == '\r' ? 1 : 0;
  }
  for (const Row& row : kRows) {
    if (byte(0) < row.first_low || byte(0) > row.first_high) continue;
    if (text.size() < row.length) return 0;
    if (byte(1) < row.second_low || byte(1) > row.second_high) return 0;
    for (std::size_t i = 2; i < row.length; ++i) {
      if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    const bool is_noncharacter =
        text.substr(0, 3) == "\xef\xbf\xbe" || text.substr(0, 3) == "\xef\xbf\xbf";
    return is_noncharacter ? 0 : row.length;
  }
  return 0;
}

/// One <testcase>, and what it has to complain of.
struct Case {
  std::string name;
  std::string complaint;  ///< "failure", "error", "skipped"; empty: none.
  std::string type;
  std::string message;
  std::string detail;
  std::string said;  ///< What is told whether or not it complains.
};

Case verdict_case(const RunResult& result) {
  Case made;
  made.name = "verdict";
  made.said = fmt::format("{}", fmt::join(result.reasons, "\n"));
  if (result.verdict == Verdict::kPass) return made;
  made.complaint = result.verdict == Verdict::kFail ? "failure" : "error";
  made.type = to_string(result.verdict);
  made.message = result.reasons.empty() ? made.type : result.reasons.front();
  made.detail = fmt::format("{}", fmt::join(result.reasons, "\n"));
  return made;
}

Case objective_case(const ObjectiveResult& objective) {
  Case made;
  made.name = "objective " + objective.name;
  made.said = objective.sentence;
  if (objective.met) return made;
  made.complaint = "failure";
  made.type = "objective";
  made.message = objective.sentence;
  made.detail = objective.sentence;
  return made;
}

Case capacity_case(const CapacityRecord& capacity, const std::string& name,
                   const std::string& sentence) {
  Case made;
  made.name = "capacity " + name;
  made.said = sentence;
  using End = CapacityRecord::End;
  if (capacity.end == End::kFound || capacity.end == End::kAllHold) return made;
  made.complaint = capacity.end == End::kNoneHolds ? "failure" : "error";
  made.type = "capacity";
  made.message = sentence;
  made.detail = sentence;
  return made;
}

/// One for each row of the matrix, or for the only search.
std::vector<Case> capacity_cases(const RunResult& result) {
  std::vector<Case> cases;
  for (const MatrixRowResult& row : result.matrix) {
    const std::string with = (row.row.capacity.faults.empty() ? ", " : ", with ") + row.row.name;
    cases.push_back(capacity_case(row.row.capacity, row.row.capacity.load + with, row.sentence));
  }
  if (cases.empty() && result.capacity) {
    cases.push_back(
        capacity_case(*result.capacity, result.capacity->load, result.capacity_sentence));
  }
  return cases;
}

Case guard_case(const GuardResult& guard) {
  Case made;
  made.name = "guard " + guard.name;
  made.said = "did not trip; its condition: " + guard.condition;
  if (!guard.tripped) return made;
  made.said = "tripped: " + guard.sentence;
  made.complaint = "error";
  made.type = "aborted";
  made.message = "tripped: " + guard.sentence;
  made.detail = fmt::format("condition: {}\ntripped at {:.3f} s", guard.condition,
                            to_seconds(*guard.tripped));
  return made;
}

Case probe_case(const ProbeResult& probe) {
  Case made;
  made.name = "probe " + probe.name;
  made.said = probe.sentence;
  if (probe.met) return made;
  made.complaint = "failure";
  made.type = "probe";
  made.message = probe.sentence;
  made.detail = probe.sentence;
  return made;
}

Case comparison_case(const std::string& name, const Comparison& comparison) {
  Case made;
  made.name = name;
  if (exit_code(comparison.verdict) == 0) return made;
  const bool is_worse = comparison.verdict == ComparisonVerdict::kWorse;
  made.complaint = is_worse ? "failure" : "error";
  made.type = to_string(comparison.verdict);
  made.message = comparison.reasons.front();
  made.detail = fmt::format("{}", fmt::join(comparison.reasons, "\n"));
  return made;
}

Case fault_case(const FaultResult& result) {
  const FaultRecord& fault = result.record;
  Case made;
  made.name = "fault " + fault.label;
  if (!fault.asked.empty()) made.said = "asked: " + fault.asked;
  if (!fault.seen.empty()) made.said += (made.said.empty() ? "seen: " : "\nseen: ") + fault.seen;
  if (result.impact) made.said += "\nimpact: " + result.impact->sentence;
  std::string what;
  switch (fault.state) {
    case FaultRecord::State::kDone:
    case FaultRecord::State::kUndone:
      return made;
    case FaultRecord::State::kPlanned:
      made.complaint = "skipped";
      made.message = "the run never came to it";
      return made;
    case FaultRecord::State::kInForce:
      made.type = "residue";
      what = "in force to the end";
      break;
    case FaultRecord::State::kResidue:
      made.type = "residue";
      what = "could not be undone";
      break;
    case FaultRecord::State::kIneffective:
      made.type = "ineffective";
      what = "did not happen as asked";
      break;
    case FaultRecord::State::kFailed:
      made.type = "error";
      what = "could not be applied";
      break;
  }
  made.complaint = "error";
  made.message = fault.error.empty() ? what : what + ": " + fault.error;
  made.detail = fmt::format("asked: {}\nseen: {}", fault.asked, fault.seen);
  return made;
}

void write_case(const Case& one, std::string_view suite, double seconds, std::string& out) {
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"",
                 xml_escaped(suite), xml_escaped(one.name), seconds);
  const bool says_more = !one.said.empty() && one.said != one.detail;
  if (one.complaint.empty() && !says_more) {
    out += "/>\n";
    return;
  }
  out += ">\n";
  if (!one.complaint.empty()) {
    fmt::format_to(to, "      <{} message=\"{}\"", one.complaint, xml_escaped(one.message));
    if (!one.type.empty()) fmt::format_to(to, " type=\"{}\"", xml_escaped(one.type));
    if (one.detail.empty()) {
      out += "/>\n";
    } else {
      fmt::format_to(to, ">{}</{}>\n", xml_escaped(one.detail), one.complaint);
    }
  }
  if (says_more) {
    fmt::format_to(to, "      <system-out>{}</system-out>\n", xml_escaped(one.said));
  }
  out += "    </testcase>\n";
}

}  // namespace

std::string xml_escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";
      text.remove_prefix(1);
      continue;
    }
    switch (text.front()) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\t':  // As they are, an attribute would turn them into spaces (XML 1.0 §3.3.3).
      case '\n':
      case '\r':
        out += fmt::format("&#{};", static_cast<int>(text.front()));
        break;
      default:
        out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

std::string write_junit(const RunResult& result) {
  std::vector<Case> cases = {verdict_case(result)};
  for (Case& one : capacity_cases(result)) cases.push_back(std::move(one));
  for (const auto& objective : result.objectives) cases.push_back(objective_case(objective));
  for (const auto& fault : result.faults) cases.push_back(fault_case(fault));
  for (const auto& guard : result.guards) cases.push_back(guard_case(guard));
  for (const auto& probe : result.probes) cases.push_back(probe_case(probe));
  for (const auto& canary : result.canaries) {
    cases.push_back(comparison_case("canary " + canary.canary, canary.comparison));
  }
  if (result.comparison) cases.push_back(comparison_case("baseline", *result.comparison));
  const auto count = [&cases](std::string_view complaint) {
    return std::count_if(cases.begin(), cases.end(),
                         [complaint](const Case& one) { return one.complaint == complaint; });
  };
  const std::string counts = fmt::format(
      "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\"", cases.size(),
      count("failure"), count("error"), count("skipped"), to_seconds(result.duration));
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "<testsuites name=\"squall\" {}>\n", counts);
  fmt::format_to(to, "  <testsuite name=\"{}\" id=\"0\" {}>\n", xml_escaped(result.scenario),
                 counts);
  fmt::format_to(
      to, "    <properties>\n      <property name=\"run\" value=\"{}\"/>\n    </properties>\n",
      xml_escaped(result.run));
  // The run's whole time is told once, so that the cases' times add up to it.
  for (const Case& one : cases) {
    write_case(one, result.scenario, &one == &cases.front() ? to_seconds(result.duration) : 0, out);
  }
  if (!result.warnings.empty()) {
    fmt::format_to(to, "    <system-err>{}</system-err>\n",
                   xml_escaped(fmt::format("{}", fmt::join(result.warnings, "\n"))));
  }
  out += "  </testsuite>\n</testsuites>\n";
  return out;
}

}  // namespace squall::reports
