#include "faults/network/network_judge.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <utility>

#include "faults/network/chance.h"
#include "faults/network/network_plan.h"
#include "harness/base/number_text.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using Distribution = Impairment::Distribution;

constexpr double kChance = 3e-8;      // Of each bound; 30 of them make one in a million.
constexpr Duration kLate = 100ms;     // What may be late on a busy machine.
constexpr double kStray = 0.02;       // The share of probes of which that, or the clock, may be.
constexpr Duration kClock = 100us;    // Between two readings of the wall clock that is slewed,
constexpr double kSlewed = 0.001;     // twice as much as it may be (500 ppm).
constexpr Duration kTellable = 10ms;  // A shorter delay is not told from none for each probe.
constexpr double kFaster = 1.5;       // Than the rate: a burst of 0.1 s is a coarse measure.
constexpr double kSkew = 0.001;       // Two counters are read one after the other.
// Of a probe's bytes, in which one of the first six is not seen when it is altered.
constexpr double kUnseen = 6.0 / 100;
constexpr std::array kQuarters{0.25, 0.5, 0.75};

double share_of(const std::optional<Share>& share) { return share.value_or(Share{}).value; }

std::string percent(double share) { return rounded(100 * share) + " %"; }

std::string ms(Duration length) { return rounded(to_milliseconds(length)) + " ms"; }

double random_share_lost(const NetworkFault& fault) {
  return fault.partition ? 1 : share_of(fault.loss);
}

/// As one in two is lost by itself, `further` of the rest is.
double lost_in_all(double share, double further) { return 1 - (1 - share) * (1 - further); }

/// The delays that netem draws, without what makes them keep their order.
class Delays {
 public:
  explicit Delays(const NetworkFault& fault)
      : delay_(fault.delay.value_or(Duration{})),
        jitter_(fault.jitter.value_or(Duration{})),
        table_(jitter_ > Duration::zero() ? distribution_table(fault.distribution) : "") {}

  bool are_spread() const { return jitter_ > Duration::zero(); }
  /// At this share of the way from the shortest to the longest.
  Duration at(double share) const {
    if (!are_spread()) return delay_;
    if (table_.empty()) return delay_ + from_seconds(to_seconds(jitter_) * (2 * share - 1));
    constexpr double kScale = 8192;  // NETEM_DIST_SCALE of linux/pkt_sched.h.
    const std::size_t entries = table_.size() / sizeof(std::int16_t);
    const auto place = static_cast<std::size_t>(share * static_cast<double>(entries));
    std::int16_t entry = 0;
    std::memcpy(&entry, &table_[std::min(place, entries - 1) * sizeof entry], sizeof entry);
    return delay_ + from_seconds(to_seconds(jitter_) * entry / kScale);
  }
  /// How many are shorter than at(share). An even spread is the remainder of a number of 32 bits by
  /// twice the jitter in nanoseconds: short ones are likelier where that is large.
  double shorter_than_at(double share) const {
    if (!are_spread() || !table_.empty()) return share;
    constexpr double kAll = 4294967296.0;
    const double whole = 2 * static_cast<double>(jitter_.count());
    const double rest = std::fmod(kAll, whole);
    const double part = share * whole;
    return ((kAll - rest) / whole * part + std::min(part, rest)) / kAll;
  }

 private:
  Duration delay_;
  Duration jitter_;
  std::string table_;
};

/// One comparison after the other, of which the first that fails is told.
class Judging {
 public:
  Judging(const NetworkFault& fault, const ProbeFinding& during) : fault_(fault), during_(during) {}

  ProbeJudgement judge() {
    if (during_.sent == 0) return {};
    judge_losses();
    judge_duplicates();
    judge_corruption();
    judge_reordering();
    judge_delays();
    judge_rate();
    return std::move(result_);
  }

 private:
  static std::string probes(std::size_t count) { return std::to_string(count) + " probes"; }
  void contradict(std::string why) {
    if (result_.contradiction.empty()) result_.contradiction = std::move(why);
  }
  void leave(const std::string& what) { result_.not_judged.push_back(what); }

  /// Of `trials` probes so many were `done`; by chance each of them with a share between the two.
  void compare(const std::string& noun, const std::string& done, std::size_t hits,
               std::size_t trials, double asked, double least, double most) {
    if (chance_of_at_most(hits, trials, least) < kChance ||
        chance_of_at_least(hits, trials, most) < kChance) {
      contradict(off(done, hits, trials, asked));
    }
    if (chance_of_at_most(0, trials, least) >= kChance) leave(noun + " (too few probes)");
  }
  static std::string off(const std::string& done, std::size_t hits, std::size_t trials,
                         double asked) {
    return (hits == 0 ? "none" : std::to_string(hits)) + " of " + probes(trials) +
           (hits < 2 ? " was " : " were ") + done + ", where " + percent(asked) + " was asked for";
  }

  void judge_losses() {
    const std::size_t sent = during_.sent;
    if (fault_.partition && !during_.took.empty()) {
      contradict(std::to_string(during_.took.size()) + " of " + probes(sent) + " went through");
      return;
    }
    const double further = kUnseen * share_of(fault_.corrupt);
    // What does not fit the queue of a rate is lost, too.
    const bool has_upper = !fault_.rate_bits_per_second;
    if (fault_.loss) {
      const double asked = random_share_lost(fault_);
      compare("loss", "lost", during_.lost, sent, asked, asked,
              has_upper ? lost_in_all(asked, further) : 1);
    }
    // Which packet is an n-th depends on all the others: that is for the counters to tell.
    if (const auto& chain = fault_.gilbert_elliott) judge_bursts(*chain, further, has_upper);
  }

  void judge_bursts(const GilbertElliott& chain, double further, bool has_upper) {
    GilbertElliott most = chain;
    most.loss_bad = Share{lost_in_all(chain.loss_bad.value, further)};
    most.loss_good = Share{lost_in_all(chain.loss_good.value, further)};
    // A packet of which netem makes two, and loses one, still comes.
    const bool has_lower = !fault_.duplicate;
    if ((has_lower && chance_of_at_most(during_.lost, during_.sent, chain) < kChance) ||
        (has_upper && chance_of_at_least(during_.lost, during_.sent, most) < kChance)) {
      contradict(off("lost", during_.lost, during_.sent, chain.average().value));
    }
    if (!has_lower || chance_of_at_most(0, during_.sent, chain) >= kChance) {
      leave("loss (too few probes)");
    }
  }

  void judge_duplicates() {
    if (!fault_.duplicate) return;
    if (fault_.gilbert_elliott || fault_.rate_bits_per_second) {
      leave("duplicates (of which some may be lost)");
      return;
    }
    const double asked = fault_.duplicate->value;
    const double whole = 1 - share_of(fault_.corrupt);  // Both must be, to be told for the same.
    compare("duplicates", "doubled", during_.twice, during_.sent - during_.lost, asked,
            asked * whole * whole, std::min(1.0, asked / (1 - kUnseen * share_of(fault_.corrupt))));
  }

  void judge_corruption() {
    if (!fault_.corrupt) return;
    // Each that is seen is one of these, and has had its own chance.
    const std::size_t seen = during_.took.size() + during_.twice + during_.altered;
    const double asked = fault_.corrupt->value;
    compare("corruption", "altered", during_.altered, seen, asked, asked * (1 - kUnseen), asked);
  }

  void judge_reordering() {
    const bool keeps_order = fault_.jitter && fault_.in_order && !fault_.reorder;
    if (keeps_order && during_.overtaken > 0) {
      contradict(std::to_string(during_.overtaken) + " of " + probes(during_.sent) +
                 " were overtaken, which should keep their order");
    }
    if (!fault_.reorder) return;
    const Duration shortest = Delays(fault_).at(0);
    if (shortest < kTellable || fault_.rate_bits_per_second) {
      leave("reordering (what is not delayed cannot be told)");
      return;
    }
    const auto early = count_below(shortest / 2);
    const double asked = fault_.reorder->value;
    // Of two the first counts.
    const double twice = share_of(fault_.duplicate) * asked * (1 - asked);
    compare("reordering", "not delayed", early, during_.took.size(), asked, asked * (1 - kStray),
            asked + twice);
  }

  std::size_t count_below(Duration length) const {
    return static_cast<std::size_t>(
        std::lower_bound(during_.took.begin(), during_.took.end(), length) - during_.took.begin());
  }

  void judge_delays() {
    if (!fault_.delay || during_.took.empty()) return;
    const Delays delays(fault_);
    const std::size_t came = during_.took.size();
    const double early = share_of(fault_.reorder);
    if (!delays.are_spread()) {
      const Duration least = delays.at(0);
      const std::size_t short_ones = count_below(less_the_clock(least));
      if (chance_of_at_least(short_ones, came, first_of_copies(early) + kStray) < kChance) {
        contradict(probes(came) + " were delayed by " + ms(during_.median()) + " only");
      }
      judge_length(least, 0.5);
      return;
    }
    for (const double quarter : kQuarters) {
      const Duration bound = delays.at(quarter);
      const double share = delays.shorter_than_at(quarter);
      const std::size_t below = count_below(less_the_clock(bound));
      // Those that keep their order are late rather than early.
      const double most = first_of_copies(early + (1 - early) * share) + kStray;
      if (bound > kClock && chance_of_at_least(below, came, most) < kChance) {
        contradict(spread(below, bound, share));
      }
      judge_length(fault_.in_order ? delays.at(1) : bound, share);
    }
  }

  /// Whether too many took longer. Where a rate is asked for, they may.
  void judge_length(Duration bound, double share) {
    if (fault_.rate_bits_per_second) return;
    const std::size_t below = count_below(bound + kLate);
    if (chance_of_at_most(below, during_.took.size(), share * (1 - kStray)) < kChance) {
      contradict(spread(below, bound + kLate, share));
    }
  }

  static Duration less_the_clock(Duration bound) {
    return bound - kClock - from_seconds(to_seconds(bound) * kSlewed);
  }
  /// That the first of the copies of a packet is what one is with the chance `share`.
  double first_of_copies(double share) const {
    return share + share_of(fault_.duplicate) * share * (1 - share);
  }
  std::string spread(std::size_t below, Duration bound, double share) const {
    return std::to_string(below) + " of " + probes(during_.took.size()) + " took less than " +
           ms(bound) + ", where " + percent(share) + " should have";
  }

  void judge_rate() {
    if (!fault_.rate_bits_per_second || !during_.bits_per_second) return;
    if (*during_.bits_per_second <= kFaster * *fault_.rate_bits_per_second) return;
    contradict("a burst of probes left at " + rounded(*during_.bits_per_second / 1e6) + " Mbit/s");
  }

  const NetworkFault& fault_;   // NOLINT: both are arguments of judge().
  const ProbeFinding& during_;  // NOLINT
  ProbeJudgement result_;
};

/// Whether none lost of so many would be a contradiction.
bool tells_loss(const NetworkFault& fault, const CountedPackets& counted) {
  if (fault.loss_every) return counted.met > (counted.starts + 2) * *fault.loss_every;
  if (fault.gilbert_elliott) {
    return !fault.duplicate && chance_of_at_most(0, counted.met, *fault.gilbert_elliott) < kChance;
  }
  return fault.loss && chance_of_at_most(0, counted.met, fault.loss->value) < kChance;
}

/// Why the counted losses are not what was asked for; empty when they are.
std::string loss_trouble(const NetworkFault& fault, const CountedPackets& counted) {
  const auto off = [](std::uint64_t lost, std::uint64_t all, double asked) {
    return (lost == 0 ? "none" : std::to_string(lost)) +
           (lost < 2 ? " was lost of " : " were lost of ") + std::to_string(all) +
           " packets, where " + percent(asked) + " was asked for";
  };
  if (fault.loss) {
    const double asked = fault.loss->value;
    if (chance_of_at_most(counted.lost, counted.met, asked) < kChance ||
        chance_of_at_least(counted.lost, counted.met, asked) < kChance) {
      return off(counted.lost, counted.met, asked);
    }
  }
  if (fault.loss_every) {
    const auto every = static_cast<double>(*fault.loss_every);
    const double expected = static_cast<double>(counted.met) / every;
    const double room = static_cast<double>(counted.starts) + 1 + kSkew * expected;
    if (std::abs(static_cast<double>(counted.lost) - expected) > room) {
      return off(counted.lost, counted.met, 1 / every);
    }
  }
  const auto& chain = fault.gilbert_elliott;
  // A duplicate may be lost, too, and is not counted among those that were met.
  if (chain && !fault.duplicate) {
    const std::uint64_t all = counted.met + counted.probes_unmet;
    const bool has_upper = !fault.rate_bits_per_second;
    if (chance_of_at_most(counted.dropped, all, *chain) < kChance ||
        (has_upper && chance_of_at_least(counted.dropped, all, *chain) < kChance)) {
      return off(counted.dropped, all, chain->average().value);
    }
  }
  return {};
}

}  // namespace

NetworkFinding judge(const NetworkFault& fault, const CountedPackets& counted) {
  const auto without = [](std::uint64_t all, std::uint64_t ours) {
    return all - std::min(all, ours);
  };
  const std::uint64_t met = without(counted.met, counted.probes_met);
  NetworkFinding finding;
  finding.seen = std::to_string(met) + " packets met";
  if (met == 0) {
    finding.took = false;
    finding.why_not = "no packet came that it was for";
    return finding;
  }
  const auto part = [&](std::uint64_t some) {
    return std::to_string(some) + " (" +
           percent(static_cast<double>(some) / static_cast<double>(met)) + ")";
  };
  if (fault.loss || fault.loss_every || fault.partition) {
    finding.seen += ", " + part(without(counted.lost, counted.probes_lost)) + " of them lost";
  }
  if (fault.loss_every && counted.probes_met > 0) {
    finding.seen += " (each " + std::to_string(*fault.loss_every) +
                    "th is one of all that came, with " + std::to_string(counted.probes_met) +
                    " probes among them)";
  }
  const std::uint64_t dropped = without(counted.dropped, counted.probes_dropped);
  if (dropped > 0 || fault.gilbert_elliott) {
    finding.seen += ", " + part(dropped) +
                    (fault.gilbert_elliott ? " dropped by netem" : " dropped for want of room");
  }
  finding.tells_loss = tells_loss(fault, counted);
  finding.why_not = loss_trouble(fault, counted);
  finding.took = finding.why_not.empty();
  return finding;
}

ProbeJudgement judge(const NetworkFault& fault, const ProbeFinding& during) {
  return Judging(fault, during).judge();
}

std::string describe(const NetworkFault& fault, const ProbeFinding& during,
                     const std::optional<ProbeFinding>& before) {
  std::string text;
  const auto add = [&](const std::string& piece) { text += (text.empty() ? "" : ", ") + piece; };
  const auto share = [&](std::size_t some) {
    return percent(static_cast<double>(some) / static_cast<double>(during.sent));
  };
  if (during.sent == 0) return "no probe was sent";
  if (!during.took.empty()) {
    const Duration more = during.median() - (before ? before->median() : Duration{});
    add(ms(std::max(more, Duration{})) + (before ? " more" : "") + " in the median");
  }
  const bool loses = random_share_lost(fault) > 0 || fault.loss_every || fault.gilbert_elliott;
  if (loses || during.lost > 0) add(share(during.lost) + " lost");
  if (fault.duplicate || during.twice > 0) add(share(during.twice) + " twice");
  if (fault.corrupt || during.altered > 0) add(share(during.altered) + " altered");
  if (fault.reorder || during.overtaken > 0) add(share(during.overtaken) + " overtaken");
  if (during.bits_per_second) add(rounded(*during.bits_per_second / 1e6) + " Mbit/s");
  return text + " of " + std::to_string(during.sent) + " probes";
}

}  // namespace squall::faults
