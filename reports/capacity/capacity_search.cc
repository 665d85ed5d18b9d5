#include "reports/capacity/capacity_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace squall::reports {
namespace {

using Kind = CapacityProbe::Kind;
using Answer = CapacityProbe::Answer;

constexpr std::int64_t kMostSettling = 6;   // Seconds.
constexpr double kSettled = 1.25;           // Of the mean of the second before.
constexpr std::int64_t kLeastMeasured = 3;  // Seconds, for a good answer.
constexpr double kRising = 1.3;             // Second half over first.
constexpr std::int64_t kMostWaited = 12;    // Seconds for which a rising latency holds up "good".
constexpr std::int64_t kMostMeasured = 30;  // Seconds, where there are samples enough in these.
constexpr double kHopeless = 0.5;           // Share of requests.
constexpr double kNearlyAll = 0.9;
constexpr double kMuchHigher = 1.5;    // Rates: a queue that is the limit shows there,
constexpr double kHardlyWorse = 2;     // far beyond so many times what is allowed.
constexpr double kSameService = 1.25;  // Of that at a good rate: no slower.
constexpr double kMostlyWaiting = 3;   // Response over service.
constexpr double kBack = 1.5;          // Of the calm mean.
constexpr double kNothing = 0.001;     // Differences in latency below a millisecond are none.
constexpr const char* kNoStreams = "requests waited for a stream while no answer took longer";
constexpr std::int64_t kLateAtLeast = 2;  // Seconds with a late generator,
constexpr double kLateShare = 1.0 / 3;    // and this share of the measured ones.

/// True when most of what was due in the second has not ended in time, and neither since.
bool is_silent(const CapacitySecond& second) {
  const auto count = static_cast<double>(second.response.count());
  return std::any_of(second.goals.begin(), second.goals.end(), [&](const auto& goal) {
    return goal.bad > kHopeless * goal.samples && count < kHopeless * goal.samples;
  });
}

CapacityRecord begun(const CapacityOptions& options) {
  CapacityRecord record;
  record.low = options.low;
  record.high = options.high;
  record.precision = options.precision;
  record.confidence = options.confidence;
  record.hold = options.hold;
  return record;
}

}  // namespace

CapacityEstimate estimate(const CapacityOptions& options) {
  const double low = options.low.per_second;
  const double high = options.high.per_second;
  const double start = std::clamp(options.start.per_second, low, high);
  const double furthest = std::max(high / start, start / low);
  const double steps = std::ceil(std::log2(std::max(1.0, furthest))) + 1;
  const double narrowing = std::ceil(std::log2(std::log(3.0) / std::log1p(options.precision))) + 1;
  CapacityEstimate estimate;
  estimate.probes = static_cast<std::int64_t>(steps + narrowing) + 1;
  double samples = 0;
  for (const CapacityGoal& goal : options.goals) {
    samples = std::max(samples, SequentialTest::least_samples(goal.allowed, options.confidence));
  }
  // Half of the probes lie where the answer is close, and take some times as long.
  const double clear = std::max<double>(kLeastMeasured, samples / std::max(start, 1e-9));
  const double each = 4 + 2 * clear + 5;
  estimate.seconds =
      static_cast<std::int64_t>(std::ceil(each * static_cast<double>(estimate.probes))) +
      2 * options.hold;
  return estimate;
}

CapacitySearch::CapacitySearch(const CapacityOptions& options)
    : options_(options), bracket_(options), record_(begun(options)) {
  begin(bracket_.next());
}

void CapacitySearch::offer(Rate rate) {
  rate_ = rate;
  ++step_;
  seen_ = 0;
  before_.reset();
}

void CapacitySearch::begin(CapacityBracket::Step step) {
  if (step.what == CapacityBracket::Step::What::kDone) return conclude();
  phase_ = Phase::kSettle;
  probe_ = {};
  probe_.kind = step.kind;
  probe_.rate = step.rate;
  tests_.clear();
  strictness_ = strictness_at(step.rate);
  const double doubt = (1 - options_.confidence) / static_cast<double>(strictness_);
  for (const CapacityGoal& goal : options_.goals) tests_.emplace_back(goal.allowed, 1 - doubt);
  response_.clear();
  means_.clear();
  sent_ = ok_ = 0;
  service_ = served_count_ = 0;
  late_ = 0;
  offer(step.rate);
}

void CapacitySearch::take(const CapacitySecond& second) {
  if (second.step != step_ || is_done()) return;
  // What ends in the first second may have been sent before the search began.
  const bool is_first = record_.probes.empty() && phase_ == Phase::kSettle && seen_ == 0;
  has_answered_ = has_answered_ || (second.ok > 0 && !is_first);
  switch (phase_) {
    case Phase::kSettle:
      return settle(second);
    case Phase::kMeasure:
      return measure(second);
    case Phase::kRecover:
      return recover(second);
    case Phase::kDone:
      return;
  }
}

void CapacitySearch::settle(const CapacitySecond& second) {
  if (seen_++ == 0) probe_.from = second.second;
  probe_.measured = second.second + 1;
  probe_.to = second.second + 1;
  const double mean = to_seconds(second.response.mean());
  const bool is_steady =
      before_ && mean <= *before_ * kSettled + kNothing && !second.response.empty();
  if (before_ && second.is_generator_late) ++late_;
  before_ = mean;
  // Where hardly anything ends there is nothing to wait for.
  const bool is_over = is_steady || seen_ >= kMostSettling || (seen_ >= 2 && is_silent(second));
  if (is_over) phase_ = Phase::kMeasure;
}

std::int64_t CapacitySearch::most_seconds() const {
  double samples = 0;
  for (const CapacityGoal& goal : options_.goals) {
    samples = std::max(samples, SequentialTest::least_samples(goal.allowed, options_.confidence));
  }
  const double rate = std::max(probe_.rate.per_second, 1e-9);
  return std::max(kMostMeasured, static_cast<std::int64_t>(std::ceil(4 * samples / rate)));
}

bool CapacitySearch::is_rising() const {
  if (means_.size() >= static_cast<std::size_t>(kMostWaited)) return false;
  const std::size_t half = means_.size() / 2;
  double early = 0;
  double late = 0;
  for (std::size_t i = 0; i < half; ++i) {
    early += means_[i];
    late += means_[means_.size() - 1 - i];
  }
  return half > 0 && late > early * kRising + kNothing * static_cast<double>(half);
}

void CapacitySearch::measure(const CapacitySecond& second) {
  probe_.to = second.second + 1;
  sent_ += second.sent;
  ok_ += second.ok;
  response_.merge(second.response);
  service_ += to_seconds(second.service) * static_cast<double>(second.response.count());
  served_count_ += static_cast<double>(second.response.count());
  means_.push_back(to_seconds(second.response.mean()));
  for (std::size_t i = 0; i < tests_.size(); ++i) {
    tests_[i].add(second.goals[i].samples, second.goals[i].bad);
  }
  if (second.is_generator_late) ++late_;
  const std::int64_t measured = probe_.to - probe_.measured;
  // The settling seconds count here: there, too, it was late.
  if (late_ >= kLateAtLeast &&
      static_cast<double>(late_) > kLateShare * static_cast<double>(probe_.to - probe_.from)) {
    return end_probe(Answer::kGenerator, "the generator was late");
  }
  bool all_good = true;
  bool all_met = true;
  for (std::size_t i = 0; i < tests_.size(); ++i) {
    const auto answer = tests_[i].answer();
    if (answer == SequentialTest::Answer::kBad && late_ == 0) {
      if (waits_for_streams()) {
        return end_probe(Answer::kGenerator, kNoStreams);
      }
      return end_probe(Answer::kBad, options_.goals[i].objective + " was missed");
    }
    all_good = all_good && answer == SequentialTest::Answer::kGood;
    all_met = all_met && tests_[i].samples() > 0 && tests_[i].share() <= options_.goals[i].allowed;
  }
  if (probe_.kind == Kind::kVerify) {
    const std::int64_t most = std::max(hold(), kLeastMeasured);
    if (measured < most) return;
    if (!all_met) {
      return end_probe(Answer::kUndecided, "an objective was missed over the hold time");
    }
    if (all_good || measured >= std::max(2 * most, most_seconds())) {
      return end_probe(Answer::kGood, "all objectives held for the hold time");
    }
    return;
  }
  if (all_good && measured >= kLeastMeasured && !is_rising()) {
    return end_probe(Answer::kGood, "all objectives held");
  }
  if (measured >= most_seconds()) end_probe(Answer::kUndecided, "too close to tell");
}

std::int64_t CapacitySearch::strictness_at(Rate rate) const {
  return 1 + std::count_if(record_.probes.begin(), record_.probes.end(), [&](const auto& probe) {
           const bool failed = probe.answer == Answer::kBad || probe.answer == Answer::kUndecided;
           return failed && probe.rate.per_second >= kMuchHigher * rate.per_second &&
                  std::all_of(probe.goals.begin(), probe.goals.end(), [](const auto& goal) {
                    return goal.share() <= kHardlyWorse * goal.allowed;
                  });
         });
}

bool CapacitySearch::waits_for_streams() const {
  // Where requests fail, they may have waited for connections that the target refused.
  if (!served_ || served_count_ <= 0 || ok_ < kNearlyAll * served_count_) return false;
  const double service = service_ / served_count_;
  return service > 0 && service <= *served_ * kSameService + kNothing &&
         to_seconds(response_.mean()) > kMostlyWaiting * service + kNothing;
}

void CapacitySearch::sum_up() {
  const double seconds = std::max<double>(1, static_cast<double>(probe_.to - probe_.measured));
  probe_.sent = {sent_ / seconds};
  probe_.goodput = {ok_ / seconds};
  probe_.mean = response_.mean();
  probe_.p50 = response_.at_percentile(50);
  probe_.p99 = response_.at_percentile(99);
  for (std::size_t i = 0; i < tests_.size(); ++i) {
    probe_.goals.push_back({options_.goals[i].objective, options_.goals[i].allowed,
                            tests_[i].samples(), tests_[i].bad(), tests_[i].dispersion()});
  }
}

bool CapacitySearch::is_disturbed() const {
  const auto ended = static_cast<double>(response_.count());
  const bool has_silence = std::any_of(tests_.begin(), tests_.end(), [&](const auto& test) {
    return ended < kNearlyAll * test.samples();
  });
  return !calm_ || has_silence || to_seconds(probe_.mean) > *calm_ * kBack + kNothing;
}

void CapacitySearch::end_probe(Answer answer, std::string why) {
  probe_.answer = answer;
  probe_.why = std::move(why);
  sum_up();
  if (answer == Answer::kGood) {
    const double mean = to_seconds(probe_.mean);
    calm_ = calm_ ? std::min(*calm_, mean) : mean;
    const double service = served_count_ > 0 ? service_ / served_count_ : 0;
    if (service > 0) served_ = served_ ? std::min(*served_, service) : service;
  }
  bracket_.take(probe_);
  record_.probes.push_back(probe_);
  const auto next = bracket_.next();
  if (next.what == CapacityBracket::Step::What::kDone) return conclude();
  if (answer == Answer::kGood || !is_disturbed()) return begin(next);
  phase_ = Phase::kRecover;
  const Rate most = bracket_.good().value_or(options_.low);
  recovery_.emplace(calm_, Rate{most.per_second / 2}, has_answered_);
  offer(recovery_->rate());
}

void CapacitySearch::recover(const CapacitySecond& second) {
  recovery_->take(second);
  if (!recovery_->is_over()) {
    if (recovery_->rate() != rate_) offer(recovery_->rate());
    return;
  }
  record_.probes.back().recovery = recovery_->seconds();
  record_.probes.back().has_recovered = recovery_->has_recovered();
  begin(bracket_.next());
}

void CapacitySearch::conclude() {
  phase_ = Phase::kDone;
  record_.good = bracket_.good();
  record_.bad = bracket_.bad();
  record_.is_verified = bracket_.is_verified();
  using End = CapacityRecord::End;
  if (bracket_.none_holds()) {
    record_.end = bracket_.is_generator_bound() ? End::kGenerator : End::kNoneHolds;
  } else if (bracket_.is_generator_bound()) {
    record_.end = End::kGenerator;
  } else {
    record_.end = bracket_.has_ceiling() ? End::kFound : End::kAllHold;
  }
  for (const CapacityProbe& probe : record_.probes) {
    if (probe.answer != Answer::kGenerator) continue;
    record_.lacks_streams = probe.why == kNoStreams;
    if (!record_.generator || probe.sent > *record_.generator) record_.generator = probe.sent;
  }
  describe_curve(record_);
}

void CapacitySearch::cut(const std::string& why) {
  if (is_done()) return;
  if (phase_ == Phase::kSettle || phase_ == Phase::kMeasure) {
    probe_.why = why;
    sum_up();
    if (probe_.to > probe_.from) record_.probes.push_back(probe_);
  }
  conclude();
  record_.end = CapacityRecord::End::kCut;
  record_.why_cut = why;
}

}  // namespace squall::reports
