#include "reports/judge/trust.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "reports/judge/words.h"

namespace squall::reports {
namespace {

/// Seconds in which one request in a hundred was later than the limit, and of these the ones in
/// which a shard was busy.
struct LateSeconds {
  std::uint64_t late = 0;
  std::uint64_t busy = 0;
  double cpu = 0;  ///< The greatest in the busy ones.
};

double busiest_in(const Ledger& ledger, std::int64_t second) {
  double cpu = 0;
  for (const auto& [agent, seconds] : ledger.health()) {
    if (const auto found = seconds.find(second); found != seconds.end()) {
      cpu = std::max(cpu, found->second.cpu);
    }
  }
  return cpu;
}

LateSeconds late_seconds(const Ledger& ledger, const std::string& load) {
  LateSeconds found;
  for (auto second = ledger.first_second(load); second < ledger.end_second(load); ++second) {
    const SecondCell cell = ledger.sum(load, second, second + 1);
    if (cell.of(Metric::kLateness).at_percentile(99) <= trust::kLatenessWhenBusy) continue;
    ++found.late;
    const double cpu = busiest_in(ledger, second);
    if (cpu < trust::kBusy) continue;
    ++found.busy;
    found.cpu = std::max(found.cpu, cpu);
  }
  return found;
}

void judge_lateness(const std::string& load, const SecondCell& total, const Ledger& ledger,
                    std::vector<std::string>& reasons) {
  const Histogram& lateness = total.of(Metric::kLateness);
  const Duration p99 = lateness.at_percentile(99);
  if (p99 > trust::kLatenessWhenBusy) {
    const LateSeconds seconds = late_seconds(ledger, load);
    if (seconds.busy > 0) {
      reasons.push_back(fmt::format(
          "{}: the generator was the bottleneck: 1 % of requests started {} late or more (limit "
          "{}), with a shard at {} of a core in {} of {} late seconds",
          load, in_three_digits(p99), as_chosen(trust::kLatenessWhenBusy), percent(seconds.cpu, 0),
          seconds.busy, seconds.late));
    } else if (p99 > trust::kLatenessWhenIdle) {
      reasons.push_back(fmt::format(
          "{}: the generator did not keep its schedule: 1 % of requests started {} late or more "
          "(limit {})",
          load, in_three_digits(p99), as_chosen(trust::kLatenessWhenIdle)));
    }
  }
  if (lateness.max() > trust::kStandstill) {
    reasons.push_back(fmt::format(
        "{}: the generator stood still: a request started {} late though a stream was free (limit "
        "{})",
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

}  // namespace

std::vector<std::string> reasons_to_distrust(const RunRecord& record) {
  std::vector<std::string> reasons;
  for (const auto& load : record.scenario.loads) {
    const SecondCell total = record.ledger.total(load.name);
    if (load.is_open()) judge_lateness(load.name, total, record.ledger, reasons);
    judge_clamped(load.name, total, reasons);
    if (is_whole(record)) judge_counts(load.name, total, reasons);
  }
  return reasons;
}

}  // namespace squall::reports
