#include "reports/judge/trust.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "reports/judge/missing.h"
#include "reports/judge/starvation.h"
#include "reports/judge/words.h"

namespace squall::reports {
namespace {

bool is_late(const SecondCell& cell) {
  return cell.of(Metric::kLateness).at_percentile(99) > trust::kLatenessWhenStarved;
}

/// The seconds of a load in which one request in a hundred was later than the limit, and how
/// starved the generator was in these.
struct LateSeconds {
  std::uint64_t late = 0;
  std::uint64_t all = 0;
  Starvation starved;

  /// True when it was starved often enough to explain the lateness.
  bool are_explained() const {
    return starved.busy > 0 || (starved.descheduled >= trust::kDescheduledAtLeast &&
                                static_cast<double>(starved.descheduled) >
                                    trust::kDescheduledSeconds * static_cast<double>(all));
  }
};

LateSeconds late_seconds(const Ledger& ledger, const std::string& load) {
  LateSeconds found;
  for (auto second = ledger.first_second(load); second < ledger.end_second(load); ++second) {
    const SecondCell cell = ledger.sum(load, second, second + 1);
    if (cell.due > 0) ++found.all;
    if (!is_late(cell)) continue;
    ++found.late;
    found.starved.look_at(ledger, second);
  }
  return found;
}

/// "a shard used 97 % of a core in 1 of 1 late seconds".
std::string in_words(const LateSeconds& seconds) {
  std::vector<std::string> parts;
  for (std::string part :
       {seconds.starved.busy_in_words(), seconds.starved.descheduled_in_words()}) {
    if (!part.empty()) parts.push_back(std::move(part));
  }
  return fmt::format("of {}, {}", counted(seconds.late, "late second"), fmt::join(parts, "; "));
}

void judge_lateness(const std::string& load, const SecondCell& total, const Ledger& ledger,
                    std::vector<std::string>& reasons) {
  const Histogram& lateness = total.of(Metric::kLateness);
  const Duration p99 = lateness.at_percentile(99);
  bool is_bottleneck = false;
  if (p99 > trust::kLatenessWhenStarved) {
    const LateSeconds seconds = late_seconds(ledger, load);
    is_bottleneck = seconds.are_explained();
    if (is_bottleneck) {
      reasons.push_back(fmt::format(
          "{}: the generator was the bottleneck: 1 % of requests waited {} or longer because "
          "of it (limit {}); {}",
          load, in_three_digits(p99), as_chosen(trust::kLatenessWhenStarved), in_words(seconds)));
    } else if (p99 > trust::kLatenessWhenIdle) {
      reasons.push_back(
          fmt::format("{}: the generator did not keep its schedule: 1 % of requests waited {} or "
                      "longer because of it (limit {})",
                      load, in_three_digits(p99), as_chosen(trust::kLatenessWhenIdle)));
    }
  }
  if (!is_bottleneck && lateness.max() > trust::kStandstill) {
    reasons.push_back(
        fmt::format("{}: the generator stood still: a request waited {} because of it (limit {})",
                    load, in_three_digits(lateness.max()), as_chosen(trust::kStandstill)));
  }
}

void judge_clamped(const std::string& load, const SecondCell& total,
                   std::vector<std::string>& reasons) {
  for (std::size_t i = 0; i < kMetrics; ++i) {
    const Histogram& histogram = total.latency.at(i);
    if (histogram.empty()) continue;
    const double share =
        static_cast<double>(histogram.clamped()) / static_cast<double>(histogram.count());
    if (share <= trust::kClamped) continue;
    reasons.push_back(fmt::format(
        "{}: {} of the {} times ({} of {}) lay outside what can be measured, 0 s to 1 h (limit {})",
        load, percent(share), to_string(static_cast<Metric>(i)), thousands(histogram.clamped()),
        thousands(histogram.count()), percent(trust::kClamped)));
  }
}

double dropped_share(const SecondCell& total) {
  const std::uint64_t came = total.datagrams_received + total.datagrams_dropped;
  return came > 0 ? static_cast<double>(total.datagrams_dropped) / static_cast<double>(came) : 0;
}

/// "browse: the kernel dropped 3 % of the datagrams that came (300 of 10,000, limit 1 %): …"
std::string dropped_in_words(const std::string& load, const SecondCell& total) {
  return fmt::format(
      "{}: the kernel dropped {} of the datagrams that came ({} of {}, limit {}): the generator "
      "did not read them in time",
      load, percent_up(dropped_share(total)), thousands(total.datagrams_dropped),
      thousands(total.datagrams_received + total.datagrams_dropped), percent(trust::kDropped, 0));
}

void judge_counts(const std::string& load, const SecondCell& total,
                  std::vector<std::string>& reasons) {
  const std::uint64_t accounted = total.unsent + total.shed + total.ok_by_due + total.errors_by_due;
  if (accounted != total.due) {
    reasons.push_back(fmt::format("{}: the counts do not add up: {} fell due, {} are accounted for",
                                  load, counted(total.due, "request"), thousands(accounted)));
  }
  if (total.completed != total.sent || total.ok + total.all_errors() != total.completed) {
    reasons.push_back(fmt::format("{}: the counts do not add up: {} sent, {} ended, {} ok and {}",
                                  load, counted(total.sent, "request"), thousands(total.completed),
                                  thousands(total.ok), counted(total.all_errors(), "error")));
  }
}

/// True when nothing cut the run short, so that every request must have been told of.
bool is_whole(const RunRecord& record) {
  return !record.early_end && record.errors.empty() &&
         std::none_of(record.agents.begin(), record.agents.end(), [](const AgentRecord& agent) {
           return agent.state == "lost" || agent.state == "failed";
         });
}

double share_of(std::uint64_t used, std::uint64_t limit) {
  return limit > 0 ? static_cast<double>(used) / static_cast<double>(limit) : 0;
}

/// What an agent used up of what it needs to connect: a sentence each.
std::vector<std::string> used_up(const std::string& agent,
                                 const std::map<std::int64_t, Health>& seconds) {
  Health worst;
  for (const auto& [second, health] : seconds) worst.worsen(health);
  std::vector<std::string> sentences;
  if (const double ports = worst.ports.value_or(0); ports > trust::kUsedUp) {
    sentences.push_back(fmt::format(
        "{} used {} of its local ports to one address (limit {}): give the target more source "
        "addresses",
        agent, percent(ports, 0), percent(trust::kUsedUp)));
  }
  if (const double share = share_of(worst.descriptors, worst.descriptor_limit);
      share > trust::kUsedUp) {
    sentences.push_back(fmt::format(
        "{} used {} of its {} (limit {}): raise RLIMIT_NOFILE", agent, percent(share, 0),
        counted(worst.descriptor_limit, "descriptor"), percent(trust::kUsedUp)));
  }
  return sentences;
}

bool has_failed_connections(const RunRecord& record) {
  return std::any_of(
      record.scenario.loads.begin(), record.scenario.loads.end(),
      [&](const auto& load) { return record.ledger.total(load.name).connections_failed > 0; });
}

void warn_of_starvation(const std::string& load, const Ledger& ledger,
                        std::vector<std::string>& warnings) {
  Starvation starved;
  for (auto second = ledger.first_second(load); second < ledger.end_second(load); ++second) {
    if (ledger.sum(load, second, second + 1).due > 0) starved.look_at(ledger, second);
  }
  for (const auto& [seconds, words] :
       {std::pair(starved.busy, starved.busy_in_words()),
        std::pair(starved.descheduled, starved.descheduled_in_words())}) {
    if (seconds <= trust::kStarvedSeconds) continue;
    warnings.push_back(fmt::format(
        "{}: of its seconds, {}. A closed load has no schedule to be late with, but its rate and "
        "latencies are then the generator's as well",
        load, words));
  }
}

void warn_of_clock(const std::string& agent, const std::map<std::int64_t, Health>& seconds,
                   std::vector<std::string>& warnings) {
  for (const auto& [second, health] : seconds) {
    if (health.clock_jump <= trust::kClockJump) continue;
    warnings.push_back(fmt::format(
        "{}: its wall clock was set by {} in second {}. What was measured does not hang on it; "
        "times in logs do",
        agent, in_three_digits(health.clock_jump), second));
  }
}

void warn_of_unused_targets(const scenarios::Scenario& scenario,
                            std::vector<std::string>& warnings) {
  for (const auto& target : scenario.targets) {
    const bool is_used =
        std::any_of(scenario.loads.begin(), scenario.loads.end(),
                    [&target](const auto& load) { return load.target == target.name; });
    if (!is_used) warnings.push_back("target " + target.name + " is used by no load");
  }
}

void warn_of_no_early_data(const generators::LoadSpec& load, const scenarios::Scenario& scenario,
                           const SecondCell& total, std::vector<std::string>& warnings) {
  const auto* const target = scenario.find_target(load.target);
  if (target == nullptr || !target->tls.early_data) return;
  if (total.quic.early_sent > 0 || total.connections_opened == 0) return;
  warnings.push_back(fmt::format(
      "{}: early data: 0 sent. Of {} opened {} resumed a session{}", load.name,
      counted(total.connections_opened, "connection"), thousands(total.tls_resumed),
      total.tls_resumed == 0 ? ""
                             : ": its tickets allow none, or no safe request without a body was "
                               "due as they were opened"));
}

}  // namespace

std::vector<std::string> reasons_to_distrust(const RunRecord& record) {
  std::vector<std::string> reasons;
  for (const auto& load : record.scenario.loads) {
    const SecondCell total = record.ledger.total(load.name);
    // Of a searched load each probe was looked at: see CapacityProbe::Answer::kGenerator.
    const bool is_searched = record.capacity && record.capacity->load == load.name;
    if (load.is_open() && !is_searched) judge_lateness(load.name, total, record.ledger, reasons);
    judge_clamped(load.name, total, reasons);
    if (dropped_share(total) > trust::kDropped) {
      reasons.push_back(dropped_in_words(load.name, total));
    }
    if (is_whole(record)) judge_counts(load.name, total, reasons);
    if (MissingFigures missing = missing_of(load, record); missing.share > trust::kMissing) {
      reasons.push_back(std::move(missing.sentence));
    }
  }
  if (has_failed_connections(record)) {
    for (const auto& [agent, seconds] : record.ledger.health()) {
      for (const std::string& sentence : used_up(agent, seconds)) {
        reasons.push_back("connections failed, and " + sentence);
      }
    }
  }
  return reasons;
}

std::vector<std::string> warnings_about(const RunRecord& record) {
  std::vector<std::string> warnings;
  warn_of_unused_targets(record.scenario, warnings);
  for (const auto& load : record.scenario.loads) {
    if (!load.is_open()) warn_of_starvation(load.name, record.ledger, warnings);
    const SecondCell total = record.ledger.total(load.name);
    warn_of_no_early_data(load, record.scenario, total, warnings);
    if (total.datagrams_dropped > 0 && dropped_share(total) <= trust::kDropped) {
      warnings.push_back(dropped_in_words(load.name, total));
    }
    if (MissingFigures missing = missing_of(load, record);
        !missing.sentence.empty() && missing.share <= trust::kMissing) {
      warnings.push_back(std::move(missing.sentence));
    }
  }
  for (const auto& [agent, seconds] : record.ledger.health()) {
    warn_of_clock(agent, seconds, warnings);
    if (has_failed_connections(record)) continue;
    for (std::string& sentence : used_up(agent, seconds)) warnings.push_back(std::move(sentence));
  }
  return warnings;
}

std::optional<std::string> bottleneck_in(const RunRecord& record, std::int64_t second) {
  for (const auto& load : record.scenario.loads) {
    if (!load.is_open()) continue;
    const SecondCell cell = record.ledger.sum(load.name, second, second + 1);
    if (!is_late(cell)) continue;
    const Duration p99 = cell.of(Metric::kLateness).at_percentile(99);
    Starvation starved;
    starved.look_at(record.ledger, second);
    if (starved.busy + starved.descheduled == 0 && p99 <= trust::kLatenessWhenIdle) continue;
    return fmt::format("the generator is the bottleneck: {} waits {} because of it", load.name,
                       in_three_digits(p99));
  }
  return std::nullopt;
}

}  // namespace squall::reports
