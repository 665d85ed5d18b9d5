#include "reports/text/summary.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "reports/judge/returns.h"
#include "reports/judge/words.h"
#include "reports/text/capacity.h"
#include "reports/text/comparison.h"
#include "reports/text/judgement.h"
#include "reports/text/layout.h"

namespace squall::reports {
namespace {

using Row = std::vector<std::string>;

constexpr std::array<std::pair<Metric, std::string_view>, kMetrics> kMetricOrder = {
    {{Metric::kResponse, "response"},
     {Metric::kService, "service"},
     {Metric::kTtfb, "ttfb"},
     {Metric::kResolve, "resolve"},
     {Metric::kConnect, "connect"},
     {Metric::kTls, "tls"},
     {Metric::kReconnect, "reconnect"},
     {Metric::kLateness, "lateness"}}};

Paint paint_of(Verdict verdict) {
  if (verdict == Verdict::kPass) return Paint::kGreen;
  return verdict == Verdict::kAborted || verdict == Verdict::kInvalid ? Paint::kYellow
                                                                      : Paint::kRed;
}

std::string in_capitals(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return out;
}

/// "a, b, c" of what is not empty.
std::string listed(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// "3 s - 5 s", or "3.003 s" where there is no end or it is the same.
std::string span(Duration from, std::optional<Duration> to, const SummaryStyle& style) {
  const auto rounded = [](Duration offset) {
    return as_chosen(std::chrono::round<std::chrono::milliseconds>(offset));
  };
  if (!to || *to == from) return rounded(from);
  return fmt::format("{} {} {}", rounded(from), style.unicode ? "–" : "-", rounded(*to));
}

/// Sets a load's lines: a word on the left, figures on the right.
class Section {
 public:
  Section(std::string& out, const SummaryStyle& style) : out_(out), style_(style) {}

  void line(std::string_view word, const std::vector<std::string>& figures) {
    if (figures.empty()) return;
    out_ += wrapped(fmt::format("  {:<12}", word), listed(figures), style_);
  }

 private:
  std::string& out_;
  const SummaryStyle& style_;
};

std::vector<std::string> requests_in_words(const LoadResult& load) {
  const SecondCell& totals = load.whole.totals;
  std::vector<std::string> parts = {
      thousands(totals.due) + " due", thousands(totals.sent) + " sent",
      thousands(totals.completed) + " completed", thousands(totals.ok) + " ok",
      counted(totals.all_errors(), "error")};
  if (totals.unsent > 0) parts.push_back(thousands(totals.unsent) + " unsent");
  if (totals.shed > 0) parts.push_back(thousands(totals.shed) + " shed");
  if (load.missing > 0) parts.push_back(thousands(load.missing) + " missing");
  if (totals.retried > 0) parts.push_back(thousands(totals.retried) + " retried");
  return parts;
}

std::vector<std::string> errors_in_words(const SecondCell& totals) {
  std::vector<std::string> parts;
  for (std::size_t i = 1; i < kErrorClasses; ++i) {
    if (totals.errors.at(i) == 0) continue;
    parts.push_back(fmt::format("{} {}", thousands(totals.errors.at(i)),
                                to_string(static_cast<ErrorClass>(i))));
  }
  return parts;
}

std::vector<std::string> flows_in_words(const SecondCell& totals) {
  if (totals.flows_begun == 0) return {};
  return {thousands(totals.flows_begun) + " begun",
          thousands(totals.flows_completed) + " completed",
          thousands(totals.flows_abandoned) + " abandoned"};
}

std::vector<std::string> statuses_in_words(const SecondCell& totals, const SummaryStyle& style) {
  std::vector<std::string> parts;
  for (const auto& [status, times] : totals.status) {
    parts.push_back(fmt::format("{} {} {}", thousands(times), style.unicode ? "×" : "x", status));
  }
  return parts;
}

std::string latency_table(const SecondCell& totals, const SummaryStyle& style) {
  std::vector<Row> rows = {{"latency", "min", "mean", "p50", "p90", "p95", "p99", "p99.9", "max"}};
  for (const auto& [metric, name] : kMetricOrder) {
    const Histogram& histogram = totals.of(metric);
    if (histogram.empty()) continue;
    Row row = {std::string(name), in_three_digits(histogram.min(), style.unicode),
               in_three_digits(histogram.mean(), style.unicode)};
    for (const double percentile : {50.0, 90.0, 95.0, 99.0, 99.9}) {
      row.push_back(in_three_digits(histogram.at_percentile(percentile), style.unicode));
    }
    row.push_back(in_three_digits(histogram.max(), style.unicode));
    rows.push_back(std::move(row));
  }
  return rows.size() > 1 ? table(rows, 2, style) : "";
}

std::string phase_table(const LoadResult& load, const SummaryStyle& style) {
  if (load.phases.size() < 2) return "";
  std::vector<Row> rows = {{"phase", "when", "due", "ok", "p50", "p99", "max"}};
  for (const PhaseResult& phase : load.phases) {
    const SecondCell& totals = phase.figures.totals;
    if (totals.due == 0) continue;
    const Histogram& response = totals.of(Metric::kResponse);
    Row row = {phase.name, span(phase.figures.from, phase.figures.to, style), thousands(totals.due),
               percent(static_cast<double>(totals.ok_by_due) / static_cast<double>(totals.due))};
    for (const Duration figure :
         {response.at_percentile(50), response.at_percentile(99), response.max()}) {
      row.push_back(response.empty() ? "-" : in_three_digits(figure, style.unicode));
    }
    rows.push_back(std::move(row));
  }
  return rows.size() > 1 ? table(rows, 2, style) : "";
}

/// "GET /" and its figures, of groups by name; empty when there is only one, which is the load.
std::string group_table(std::string_view heading, const GroupCells& groups,
                        const SummaryStyle& style) {
  if (groups.size() < 2) return "";
  std::vector<Row> rows = {{std::string(heading), "ended", "ok", "errors", "p50", "p99", "max"}};
  for (const auto& [name, group] : groups) {
    const std::uint64_t errors =
        std::accumulate(group.errors.begin(), group.errors.end(), std::uint64_t{0});
    const std::uint64_t ended = group.ok + errors;
    Row row = {
        name, thousands(ended),
        ended > 0 ? percent(static_cast<double>(group.ok) / static_cast<double>(ended)) : "-",
        thousands(errors)};
    for (const Duration figure : {group.response.at_percentile(50),
                                  group.response.at_percentile(99), group.response.max()}) {
      row.push_back(group.response.empty() ? "-" : in_three_digits(figure, style.unicode));
    }
    rows.push_back(std::move(row));
  }
  return table(rows, 2, style);
}

/// True when the run ended before the load was to begin.
bool never_began(const LoadResult& load) {
  const SecondCell& totals = load.whole.totals;
  return totals.due == 0 && totals.connections_opened == 0 && totals.connections_failed == 0;
}

/// "90 sent, 80 accepted, 10 rejected", and how long the way to a first answer was, on the mean.
std::vector<std::string> early_in_words(const QuicCounts& counts, const SummaryStyle& style) {
  std::vector<std::string> words = {thousands(counts.early_sent) + " sent",
                                    thousands(counts.early_accepted) + " accepted",
                                    thousands(counts.early_rejected) + " rejected"};
  if (counts.early_refused > 0) words.push_back(thousands(counts.early_refused) + " too early");
  const auto mean = [&](std::uint64_t sum_us, std::uint64_t count) {
    return in_three_digits(std::chrono::microseconds(sum_us / count), style.unicode);
  };
  if (counts.early_answers > 0) {
    words.push_back("first answer after " + mean(counts.early_answers_us, counts.early_answers));
  }
  if (const auto saved = time_saved(counts)) {
    const bool is_resumed = saved->against == "resumed";
    const std::uint64_t of = is_resumed ? counts.resumed_answers : counts.full_answers;
    words.back() += " instead of " +
                    mean(is_resumed ? counts.resumed_answers_us : counts.full_answers_us, of) +
                    " with a " + std::string(saved->against) + " handshake first";
  }
  return words;
}

/// "3 FLOW_CONTROL_ERROR (0x3) from us", "9 H3_INTERNAL_ERROR (0x102) from the server on a stream".
std::vector<std::string> quic_errors_in_words(const QuicCounts& counts) {
  std::vector<std::string> words;
  for (const auto& [error, times] : counts.errors) {
    words.push_back(thousands(times) + " " + (error.name.empty() ? "others" : error.name) +
                    (error.code ? fmt::format(" ({:#x})", *error.code) : "") +
                    (error.code ? error.by_server ? " from the server" : " from us" : "") +
                    (error.is_of_stream ? " on a stream" : "") +
                    (error.in_handshake ? " in the handshake" : ""));
  }
  return words;
}

/// "10 opened over HTTP/3, 4 fell back to TCP after 500 ms", and what was given up as silent.
std::vector<std::string> alternatives_in_words(const QuicCounts& counts,
                                               const SummaryStyle& style) {
  const auto mean = [&](std::uint64_t sum_us, std::uint64_t count) {
    return count == 0 ? std::string()
                      : " after " + in_three_digits(std::chrono::microseconds(sum_us / count),
                                                    style.unicode);
  };
  std::vector<std::string> words;
  const std::uint64_t all = counts.alternatives + counts.fell_back + counts.avoided + counts.silent;
  if (all == 0) return words;
  words.push_back(thousands(counts.alternatives) + " opened over HTTP/3" +
                  (counts.alternatives_by_record == 0
                       ? ""
                       : " (" + thousands(counts.alternatives_by_record) + " by HTTPS record)"));
  words.push_back(thousands(counts.fell_back) + " fell back to TCP" +
                  mean(counts.fell_back_us, counts.fell_back));
  if (counts.avoided > 0) words.push_back(thousands(counts.avoided) + " did not try it");
  if (counts.silent > 0) {
    words.push_back(thousands(counts.silent) + " given up as silent" +
                    mean(counts.silent_us, counts.silent));
  }
  return words;
}

void write_load(const LoadResult& load, const SummaryStyle& style, std::string& out) {
  const SecondCell& totals = load.whole.totals;
  out += fmt::format("\n{} {} {} ({}, {} load){}\n", painted(load.name, Paint::kBold, style),
                     style.unicode ? "→" : "->", load.target, load.protocol,
                     load.open ? "open" : "closed", never_began(load) ? ": never began" : "");
  if (never_began(load)) return;
  Section section(out, style);
  section.line("requests", requests_in_words(load));
  section.line("errors", errors_in_words(totals));
  section.line("flows", flows_in_words(totals));
  section.line("rate", {rate_in_words(load.due_rate) + (load.open ? " due" : " begun"),
                        rate_in_words(load.sent_rate) + " sent",
                        rate_in_words(load.completed_rate) + " completed"});
  section.line("status", statuses_in_words(totals, style));
  section.line("traffic", {bytes_in_words(totals.bytes_received) + " received",
                           bytes_in_words(totals.bytes_sent) + " sent"});
  if (totals.datagrams_received > 0) {
    section.line("datagrams", {thousands(totals.datagrams_received) + " received",
                               thousands(totals.datagrams_dropped) + " dropped here"});
  }
  if (const QuicCounts& quic = totals.quic; quic.path_samples > 0) {
    section.line(
        "path",
        {in_three_digits(std::chrono::microseconds(quic.path_rtt_us / quic.path_samples),
                         style.unicode) +
             " round trip",
         bytes_in_words(quic.path_window / quic.path_samples) + " window",
         thousands(quic.packets_lost) + " of " + thousands(quic.packets_sent) + " packets lost"});
    if (quic.ecn_ect0 + quic.ecn_ect1 + quic.ecn_ce > 0) {
      section.line("ecn", {thousands(quic.ecn_ect0) + " ECT(0)",
                           thousands(quic.ecn_ect1) + " ECT(1)", thousands(quic.ecn_ce) + " CE"});
    }
  }
  std::vector<std::string> connections = {thousands(totals.connections_opened) + " opened",
                                          thousands(totals.connections_failed) + " failed",
                                          thousands(totals.connections_lost) + " lost"};
  if (totals.connections_given_up > 0) {
    connections.push_back(thousands(totals.connections_given_up) + " not up at the end");
  }
  if (totals.tls_resumed > 0) connections.push_back(thousands(totals.tls_resumed) + " resumed");
  section.line("connections", connections);
  section.line("quic errors", quic_errors_in_words(totals.quic));
  section.line("http/3", alternatives_in_words(totals.quic, style));
  if (totals.quic.early_sent > 0) section.line("early data", early_in_words(totals.quic, style));
  for (const std::string& part : {latency_table(totals, style), phase_table(load, style),
                                  group_table("request", totals.requests, style),
                                  group_table("address", totals.addresses, style)}) {
    if (!part.empty()) out += "\n" + part;
  }
}

std::string_view state_in_words(FaultRecord::State state) {
  switch (state) {
    case FaultRecord::State::kPlanned:
      return "never applied";
    case FaultRecord::State::kInForce:
      return "still in force";
    case FaultRecord::State::kDone:
      return "done";
    case FaultRecord::State::kUndone:
      return "undone";
    case FaultRecord::State::kFailed:
      return "failed";
    case FaultRecord::State::kIneffective:
      return "ineffective";
    case FaultRecord::State::kResidue:
      return "not undone";
  }
  return "";
}

/// "web.1 after 503 ms, web.2 after 1.2 s".
std::string returns_in_words(const std::map<std::string, Duration>& returns) {
  std::vector<std::string> each;
  for (const auto& [instance, after] : returns) {
    each.push_back(fmt::format("{} after {:.3g} s", instance, to_seconds(after)));
  }
  return listed(each);
}

void write_fault(const FaultResult& fault, const std::vector<Event>& events, std::size_t width,
                 const SummaryStyle& style, std::string& out) {
  const FaultRecord& record = fault.record;
  const bool is_well =
      record.state == FaultRecord::State::kUndone || record.state == FaultRecord::State::kDone;
  std::vector<std::string> when;
  if (fault.planned_from) {
    when.push_back("planned " + span(*fault.planned_from, fault.planned_to, style));
  }
  if (record.from) when.push_back("actual " + span(*record.from, record.to, style));
  when.emplace_back(state_in_words(record.state));
  if (record.is_stopped) when.emplace_back("stopped by the operator");
  const std::string lead = "  " + filled_right(record.label, width) + "  ";
  std::string lines = wrapped(lead, listed(when), style);
  const std::string margin(width_of(lead), ' ');
  if (!record.asked.empty()) lines += wrapped(margin, "asked: " + record.asked, style);
  if (!record.seen.empty()) lines += wrapped(margin, "seen: " + record.seen, style);
  if (!record.error.empty()) lines += wrapped(margin, "error: " + record.error, style);
  if (const auto returns = ready_again(record, events); !returns.empty()) {
    lines += wrapped(margin, "ready again: " + returns_in_words(returns), style);
  }
  std::vector<std::string> spent;
  for (const auto& [objective, share] : fault.budget_spent) {
    if (share > 0) spent.push_back(fmt::format("{} of {}", percent_up(share), objective));
  }
  if (!spent.empty())
    lines += wrapped(margin, "spent of the error budget: " + listed(spent), style);
  if (fault.impact) {
    lines += wrapped(margin, "impact: " + shown(fault.impact->sentence, style), style);
  }
  out += is_well ? lines : painted(lines.substr(0, lines.size() - 1), Paint::kRed, style) + "\n";
}

void write_objective(const ObjectiveResult& objective, const SummaryStyle& style,
                     std::string& out) {
  const std::string_view mark =
      style.unicode ? (objective.met ? "✓" : "✗") : (objective.met ? "+" : "x");
  std::string lines =
      wrapped(fmt::format("  {} ", mark),
              objective.samples > 0
                  ? fmt::format("{}; {} of the budget spent", shown(objective.sentence, style),
                                objective.bad > 0 ? percent_up(objective.budget_share) : "none")
                  : shown(objective.sentence, style),
              style);
  lines.pop_back();
  out += painted(lines, objective.met ? Paint::kPlain : Paint::kRed, style) + "\n";
}

}  // namespace

std::string write_summary(const RunResult& result, const SummaryStyle& style) {
  const bool began =
      result.loads.empty() || !std::all_of(result.loads.begin(), result.loads.end(), never_began);
  std::string out = fmt::format(
      "{}  {}  {}\n",
      painted(in_capitals(to_string(result.verdict)), paint_of(result.verdict), style),
      painted(result.scenario, Paint::kBold, style),
      began ? in_three_digits(result.duration, style.unicode) : "ended before its load");
  for (const std::string& reason : result.reasons)
    out += wrapped("  ", shown(reason, style), style);
  for (const std::string& warning : result.warnings) {
    const std::string lines = wrapped("  warning: ", shown(warning, style), style);
    out += painted(lines.substr(0, lines.size() - 1), Paint::kYellow, style) + "\n";
  }
  if (!result.matrix.empty()) out += matrix_table(result, style);
  if (result.capacity && result.matrix.empty()) out += capacity_table(*result.capacity, style);
  for (const LoadResult& load : result.loads) write_load(load, style, out);
  if (!result.faults.empty()) {
    out += "\n" + painted("faults", Paint::kBold, style) + "\n";
    std::size_t width = 0;
    for (const auto& fault : result.faults) width = std::max(width, width_of(fault.record.label));
    for (const auto& fault : result.faults) write_fault(fault, result.events, width, style, out);
  }
  if (!result.objectives.empty()) {
    out += "\n" + painted("objectives", Paint::kBold, style) + "\n";
    for (const auto& objective : result.objectives) {
      write_objective(objective, style, out);
      out += budget_and_alerts(objective, style);
    }
  }
  out += guards_and_probes(result, style);
  for (const CanaryResult& canary : result.canaries) {
    out += comparison_section(
        canary.comparison,
        fmt::format("canary {} (B) against {} (A)", canary.canary, canary.control), style);
  }
  if (result.comparison) {
    out += comparison_section(*result.comparison,
                              fmt::format("baseline {} (A)", result.comparison->a), style);
  }
  return out;
}

}  // namespace squall::reports
