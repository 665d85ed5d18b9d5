#include "reports/judge/probes.h"

#include <algorithm>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "reports/judge/objectives.h"
#include "reports/judge/words.h"

namespace squall::reports {
namespace {

/// From the begin of the first fault to the end of the last: empty when there was none.
std::pair<Duration, Duration> broken_time(const RunRecord& record) {
  std::pair span(Duration::max(), Duration::min());
  for (const FaultRecord& fault : record.faults) {
    const auto times = actual_times(fault, record);
    if (!times) continue;
    span.first = std::min(span.first, times->first);
    span.second = std::max(span.second, times->second);
  }
  return span;
}

}  // namespace

ProbeResult judge_probe(const scenarios::ProbeSpec& probe, const RunRecord& record) {
  ProbeResult result;
  result.name = probe.name;
  const auto [broken_from, broken_to] = broken_time(record);
  std::optional<Duration> down_since;
  std::string last_bad;
  std::uint64_t counted_bad = 0;
  std::uint64_t counts = 0;
  for (const ProbeAnswer& answer : record.probe_answers) {
    if (answer.probe != probe.name) continue;
    ++result.asked;
    const bool is_exempt =
        probe.count == "before_and_after" && answer.at >= broken_from && answer.at <= broken_to;
    if (!is_exempt) ++counts;
    if (!answer.is_good) {
      ++result.failed;
      if (!is_exempt) ++counted_bad;
      last_bad = answer.seen;
      if (!down_since) down_since = answer.at;
    }
    if (down_since) result.longest_down = std::max(result.longest_down, answer.at - *down_since);
    if (answer.is_good) down_since.reset();
  }
  if (down_since) {
    result.longest_down = std::max(result.longest_down, record.duration - *down_since);
  }
  result.met = counts > 0 && (probe.never_down_for ? result.longest_down < *probe.never_down_for
                                                   : counted_bad == 0);
  if (counts == 0) {
    result.sentence = fmt::format("probe {}: it was never asked when it counts", probe.name);
  } else if (result.failed == 0) {
    result.sentence =
        fmt::format("probe {}: all of {} as expected", probe.name, counted(result.asked, "answer"));
  } else {
    result.sentence =
        fmt::format("probe {}: {} of {} not as expected, down for {} at most; the last was: {}",
                    probe.name, thousands(result.failed), counted(result.asked, "answer"),
                    window_in_words(result.longest_down), last_bad);
    if (!probe.never_down_for && counted_bad == 0) result.sentence += "; none of them counts";
  }
  return result;
}

}  // namespace squall::reports
