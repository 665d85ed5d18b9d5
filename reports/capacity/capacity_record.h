#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/units.h"

namespace squall::reports {

/// What a probe showed of one goal.
struct CapacityTally {
  std::string objective;
  double allowed = 0;
  double samples = 0;
  double bad = 0;
  double dispersion = 1;  ///< See SequentialTest.

  double share() const { return samples > 0 ? bad / samples : 0; }
};

/// One rate that was offered until something could be said of it.
struct CapacityProbe {
  enum class Kind { kSearch, kVerify, kRecheck };
  enum class Answer { kGood, kBad, kUndecided, kGenerator, kCut };

  Kind kind = Kind::kSearch;
  Answer answer = Answer::kCut;
  Rate rate;                  ///< Asked for.
  std::int64_t from = 0;      ///< Seconds of the timeline: the rate was offered from here,
  std::int64_t measured = 0;  ///< what follows counts from here
  std::int64_t to = 0;        ///< to here.
  Rate sent;
  Rate goodput;                   ///< Ok answers, in the seconds in which they came.
  Duration mean{}, p50{}, p99{};  ///< Of `response`.
  std::vector<CapacityTally> goals;
  std::optional<std::int64_t> recovery;  ///< Seconds until latency was back; none: not waited for.
  bool has_recovered = true;             ///< False: it was not back when waiting ended.
  std::string why;                       ///< In words: what decided.
};

/// "good", "bad", "undecided", "generator", "cut".
std::string_view to_string(CapacityProbe::Answer answer);
/// "search", "verify", "recheck".
std::string_view to_string(CapacityProbe::Kind kind);

/// What became of a search for a capacity.
struct CapacityRecord {
  enum class End {
    kFound,      ///< A rate was verified, and none above it held.
    kAllHold,    ///< Even the highest rate that was allowed holds, verified.
    kNoneHolds,  ///< Not even the lowest one does, or not surely (`bad` is none then).
    kGenerator,  ///< What could not be kept up was the generator, or its streams did not suffice.
    kCut,        ///< It ended before it had an answer.
  };
  enum class Past { kUnknown, kGraceful, kDegrades, kCollapses };

  std::string load;
  Rate low, high;
  double precision = 0, confidence = 0;
  std::int64_t hold = 0;
  End end = End::kCut;
  std::string why_cut;
  std::optional<Rate> good;  ///< The highest rate confirmed good; verified unless cut.
  bool is_verified = false;
  std::optional<Rate> bad;        ///< The lowest one above it that was refuted, if any was.
  std::optional<Rate> generator;  ///< What the generator managed to send where it was the limit.
  bool lacks_streams = false;     ///< What could not be kept up were the load's own streams.
  std::optional<Rate> knee;       ///< The probed rate with the most goodput for its latency.
  Past past = Past::kUnknown;     ///< What goodput does beyond the refuted rate.
  std::optional<double> kept;     ///< Goodput at the highest bad rate, as a share of the best.
  std::vector<CapacityProbe> probes;  ///< In order.
  std::vector<std::string> faults;    ///< In force meanwhile.
};

std::string_view to_string(CapacityRecord::End end);
std::string_view to_string(CapacityRecord::Past past);

/// Fills knee, past and kept from the probes.
void describe_curve(CapacityRecord& record);

}  // namespace squall::reports
