#include "reports/capacity/capacity_bracket.h"

#include <algorithm>
#include <cmath>

#include "reports/capacity/sequential_test.h"

namespace squall::reports {
namespace {

using Kind = CapacityProbe::Kind;
using Answer = CapacityProbe::Answer;

// Steps while only one end is known.
constexpr double kFirstStep = 2;
constexpr double kLaterStep = 3;
// A little below, and about, what the target managed to answer when it was offered too much.
constexpr double kBelowServed = 0.96;
constexpr double kAboutServed = 1.005;
// Beyond this a share of bad requests says no more than "far too many".
constexpr double kFar = 0.5;
// Where the generator is the limit, its rate needs not be known as exactly as a capacity.
constexpr double kGeneratorPrecision = 1.3;
constexpr int kGeneratorProbes = 3;
// What was found longer ago than this when the answer is verified is asked once more: the target
// may have become faster meanwhile.
constexpr std::int64_t kStale = 75;

double worst_share(const CapacityProbe& probe) {
  double worst = 0;
  for (const CapacityTally& goal : probe.goals) {
    const double share = (goal.bad + 0.5) / (goal.samples + 1);
    worst = std::max(worst, share / std::max(goal.allowed, 1e-4));
  }
  return worst;
}

bool is_far_too_many(const CapacityProbe& probe) {
  return std::any_of(probe.goals.begin(), probe.goals.end(),
                     [](const CapacityTally& goal) { return goal.share() > kFar; });
}

}  // namespace

CapacityBracket::CapacityBracket(const CapacityOptions& options) : options_(options) {}

const CapacityBracket::Seen* CapacityBracket::best_good() const {
  return good_.empty() ? nullptr : &good_.back();
}

std::optional<Rate> CapacityBracket::good() const {
  if (good_.empty()) return std::nullopt;
  return Rate{good_.back().rate};
}

std::optional<Rate> CapacityBracket::bad() const {
  std::optional<Rate> lowest;
  for (const double rate : refuted_) {
    if (!good_.empty() && rate <= good_.back().rate) continue;
    if (!lowest || rate < lowest->per_second) lowest = Rate{rate};
  }
  return lowest;
}

bool CapacityBracket::is_generator_bound() const {
  return ceiling_ && ceiling_->answer == Answer::kGenerator;
}

bool CapacityBracket::may_have_changed() const {
  return !has_rechecked_ && ceiling_ && ceiling_->answer != Answer::kGenerator &&
         verified_at_ - ceiling_->ended > std::max(kStale, options_.hold);
}

double CapacityBracket::between(const Seen& good, const Seen& ceiling) const {
  const double step = 1 + options_.precision;
  const double least = good.rate * std::sqrt(step);
  const double most = ceiling.rate / std::sqrt(step);
  if (least >= most) return std::sqrt(good.rate * ceiling.rate);
  const double middle = std::sqrt(good.rate * ceiling.rate);
  double aim = middle;
  if (ceiling.is_far && ceiling.served * kAboutServed <= least &&
      ceiling.served > good.rate * kBelowServed) {
    aim = good.rate * step * 0.999;  // As much as it served is good: hardly more will be.
  } else if (ceiling.is_far) {
    for (const double part : {kAboutServed, kBelowServed}) {
      if (ceiling.served * part > least && ceiling.served * part < most)
        aim = ceiling.served * part;
    }
  } else if (ceiling.bad_share > good.bad_share && ceiling.bad_share > 1) {
    // The logarithm of the share grows about as the rate does, near the knee; far below it there is
    // nothing to be seen, so the knee lies in the upper half.
    const double all = std::log(ceiling.bad_share / good.bad_share);
    const double part = std::clamp(-std::log(std::min(good.bad_share, 1.0)) / all, 0.5, 0.8);
    aim = good.rate * std::pow(ceiling.rate / good.rate, part);
  }
  return std::clamp(aim, least, most);
}

CapacityBracket::Step CapacityBracket::next() const {
  using What = Step::What;
  const double step = 1 + options_.precision;
  const Seen* good = best_good();
  if (none_holds_) return {.what = What::kDone, .kind = Kind::kSearch, .rate = {}};
  if (verify_next_) return {What::kProbe, Kind::kVerify, {*verify_next_}};
  if (good == nullptr && !ceiling_) return {What::kProbe, Kind::kSearch, options_.start};
  if (good == nullptr) {
    double rate = ceiling_->rate / (failures_ > 0 ? step * std::pow(2, failures_) : kFirstStep);
    if (ceiling_->served <= 0 && failures_ == 0) rate = options_.low.per_second;
    const double served = ceiling_->served * kBelowServed;
    if (ceiling_->is_far && served > rate && served * step < ceiling_->rate) {
      rate = served;
    }
    return {What::kProbe, Kind::kSearch, {std::max(options_.low.per_second, rate)}};
  }
  if (!ceiling_) {
    if (good->rate >= options_.high.per_second) {
      if (verified_) return {.what = What::kDone, .kind = Kind::kSearch, .rate = {}};
      return {What::kProbe, Kind::kVerify, {good->rate}};
    }
    const double rate = good->rate * (climbs_ == 0 ? kFirstStep : kLaterStep);
    return {What::kProbe, Kind::kSearch, {std::min(options_.high.per_second, rate)}};
  }
  const double gap = ceiling_->rate / good->rate;
  if (is_generator_bound() &&
      (gap <= kGeneratorPrecision || generator_probes_ >= kGeneratorProbes)) {
    return {.what = What::kDone, .kind = Kind::kSearch, .rate = {}};
  }
  if (gap <= step * 1.0001 ||
      (verified_ && *verified_ == good->rate && gap <= step * std::sqrt(step))) {
    if (!verified_ || *verified_ != good->rate) return {What::kProbe, Kind::kVerify, {good->rate}};
    if (may_have_changed()) return {What::kProbe, Kind::kRecheck, {ceiling_->rate}};
    return {.what = What::kDone, .kind = Kind::kSearch, .rate = {}};
  }
  const double rate = between(*good, *ceiling_);
  const bool would_end = ceiling_->rate / rate <= step * 1.0001;
  return {What::kProbe, would_end ? Kind::kVerify : Kind::kSearch, {rate}};
}

void CapacityBracket::take(const CapacityProbe& probe) {
  const Seen seen{probe.rate.per_second,  worst_share(probe), probe.goodput.per_second, probe.to,
                  is_far_too_many(probe), probe.answer};
  verify_next_.reset();
  if (probe.kind == Kind::kRecheck) has_rechecked_ = true;
  if (probe.answer == Answer::kGood) {
    if (ceiling_ && ceiling_->rate <= seen.rate) ceiling_.reset();
    std::erase_if(refuted_, [&](double rate) { return rate <= seen.rate; });
    std::erase_if(good_, [&](const Seen& one) { return one.rate >= seen.rate; });
    if (!ceiling_ && !good_.empty()) ++climbs_;
    good_.push_back(seen);
    if (probe.kind == Kind::kVerify) {
      verified_ = seen.rate;
      verified_at_ = seen.ended;
      failures_ = 0;
    }
    return;
  }
  if (probe.answer == Answer::kGenerator) ++generator_probes_;
  const bool contradicts = !good_.empty() && good_.back().rate >= seen.rate;
  ceiling_ = seen;
  std::erase_if(good_, [&](const Seen& one) { return one.rate >= seen.rate; });
  if (probe.answer == Answer::kBad) refuted_.push_back(seen.rate);
  if (verified_ && *verified_ >= seen.rate) verified_.reset();
  if (seen.rate <= options_.low.per_second) none_holds_ = true;
  if (probe.kind != Kind::kVerify && !contradicts) return;
  if (!contradicts && probe.answer == Answer::kBad) return;  // A probe between the ends, no more.
  // What had been good is not, or not surely: a step down, and a greater one each time.
  ++failures_;
  const double step = 1 + options_.precision / 2 * std::pow(2, failures_ - 1);
  const double down = std::max(seen.rate / step, options_.low.per_second);
  const Seen* below = best_good();
  if (below == nullptr || below->rate < down || failures_ > 1) verify_next_ = down;
}

}  // namespace squall::reports
