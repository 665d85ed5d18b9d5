#include "faults/link/tally.h"

#include <algorithm>
#include <cmath>

#include "harness/base/number_text.h"

namespace squall::faults {
namespace {

constexpr double kDeviations = 6;
constexpr double kShorter = 0.9;  // Of the delay that was asked for.
constexpr double kFaster = 1.1;   // Than the rate that was asked for.

std::string share_of(std::uint64_t part, std::uint64_t whole, const std::string& noun) {
  const double share = whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  return rounded(share * 100) + " % of " + std::to_string(whole) + " " + noun;
}

class Words {
 public:
  explicit Words(std::string between) : between_(std::move(between)) {}
  void add(const std::string& piece) { text_ += (text_.empty() ? "" : between_) + piece; }
  const std::string& text() const { return text_; }

 private:
  std::string between_;
  std::string text_;
};

double mean_s(const DirectionTally& seen) {
  return seen.delivered == 0 ? 0 : seen.delay_sum_s / static_cast<double>(seen.delivered);
}

std::string delay_words(const DirectionTally& seen) {
  if (seen.delivered == 0) return "nothing delivered";
  const double mean = mean_s(seen);
  const double variance = seen.delay_squares_s2 / static_cast<double>(seen.delivered) - mean * mean;
  return "delay " + rounded(mean * 1e3) + " ms +/- " +
         rounded(std::sqrt(std::max(variance, 0.0)) * 1e3) + " ms";
}

/// " (3.1 % of 5230 pieces waited 231 ms more for them)".
std::string stall_words(const DirectionTally& seen) {
  if (seen.held_up == 0) return {};
  const double mean = seen.stall_sum_s / static_cast<double>(seen.held_up);
  return " (" + share_of(seen.held_up, seen.delivered, "pieces") + " waited " +
         rounded(mean * 1e3) + " ms more for them in the mean)";
}

std::string direction_words(const Impairment& asked, const DirectionTally& seen, Duration length) {
  Words words(", ");
  if (asked.delay > Duration::zero() || asked.jitter > Duration::zero()) {
    words.add(delay_words(seen));
  }
  if (asked.average_loss().value > 0) {
    if (seen.segments > 0 || seen.datagrams == 0) {
      words.add("stalls as for loss " + share_of(seen.stalled, seen.segments, "segments") +
                stall_words(seen));
    }
    if (seen.datagrams > 0) words.add("loss " + share_of(seen.lost, seen.datagrams, "datagrams"));
  }
  if (asked.duplicate.value > 0) {
    words.add("duplicate " + share_of(seen.duplicated, seen.datagrams, "datagrams"));
  }
  if (asked.corrupt.value > 0) {
    words.add("corrupt " + share_of(seen.corrupted, seen.datagrams, "datagrams"));
  }
  if (asked.reorder.value > 0) {
    words.add("reorder " + share_of(seen.overtaken, seen.datagrams, "datagrams"));
  }
  if (asked.rate_bits_per_second && length > Duration::zero()) {
    words.add("rate " + rounded(static_cast<double>(seen.bytes) * 8e-6 / to_seconds(length)) +
              " mbit/s");
    if (seen.overflowed > 0) words.add(std::to_string(seen.overflowed) + " did not fit its queue");
  }
  if (asked.mtu) words.add(std::to_string(seen.too_large) + " datagrams too large");
  if (words.text().empty()) words.add(std::to_string(seen.bytes) + " bytes passed");
  return words.text();
}

/// Why the losses are not those that were asked for; empty when they are.
std::string loss_trouble(const Impairment& asked, std::uint64_t lost, std::uint64_t all) {
  const double share = asked.average_loss().value;
  if (share <= 0 || all == 0) return {};
  double variance = static_cast<double>(all) * share * (1 - share);
  if (asked.gilbert_elliott) {  // What comes in bursts varies more: by the chain's correlation.
    const double memory =
        1 - asked.gilbert_elliott->to_bad.value - asked.gilbert_elliott->to_good.value;
    variance *= std::max(1.0, (1 + memory) / std::max(1 - memory, 1e-9));
  }
  const double expected = share * static_cast<double>(all);
  const double off = std::abs(static_cast<double>(lost) - expected);
  if (off <= kDeviations * std::sqrt(variance) + 1) return {};
  return "the losses are not those that were asked for";
}

std::string direction_trouble(const Impairment& asked, const DirectionTally& seen,
                              Duration length) {
  const double delay = to_seconds(asked.delay);
  const double spread = kDeviations * to_seconds(asked.jitter) /
                        std::sqrt(static_cast<double>(std::max<std::uint64_t>(seen.delivered, 1)));
  if (seen.delivered > 0 && mean_s(seen) < kShorter * delay - spread) {
    return "the delay is shorter than what was asked for";
  }
  if (asked.rate_bits_per_second && length > Duration::zero()) {
    // Bytes that were delivered at the first moment were none: the line was idle.
    const double rate = static_cast<double>(seen.bytes) * 8 / to_seconds(length);
    const double most =
        kFaster * *asked.rate_bits_per_second + 8.0 * 64 * 1024 / to_seconds(length);
    if (rate > most) return "more passed than the rate allows";
  }
  auto trouble = loss_trouble(asked, seen.lost, seen.datagrams);
  if (trouble.empty()) trouble = loss_trouble(asked, seen.stalled, seen.segments);
  return trouble;
}

/// True when a share was asked for in one direction at least, and it happened to nothing at all.
bool never(double asked_up, std::uint64_t up, double asked_down, std::uint64_t down) {
  if (asked_up <= 0 && asked_down <= 0) return false;
  return (asked_up > 0 ? up : 0) + (asked_down > 0 ? down : 0) == 0;
}

/// What was asked for and did not happen to a single one; empty when all of it did.
std::string what_never_happened(const LinkFault& asked, const LinkTally& tally) {
  const DirectionTally& up = tally.up;
  const DirectionTally& down = tally.down;
  const auto share = [&](Share Impairment::*which, std::uint64_t DirectionTally::*seen) {
    return never((asked.up.*which).value, up.*seen, (asked.down.*which).value, down.*seen);
  };
  if (never(asked.up.average_loss().value, up.lost + up.stalled, asked.down.average_loss().value,
            down.lost + down.stalled)) {
    return "nothing was lost";
  }
  if (share(&Impairment::duplicate, &DirectionTally::duplicated)) return "nothing came twice";
  if (share(&Impairment::corrupt, &DirectionTally::corrupted)) return "nothing was corrupted";
  if (share(&Impairment::reorder, &DirectionTally::overtaken)) return "nothing was reordered";
  if (never(asked.up.mtu ? 1 : 0, up.too_large, asked.down.mtu ? 1 : 0, down.too_large)) {
    return "nothing was too large";
  }
  if (asked.black_hole && tally.held + up.swallowed + down.swallowed == 0) {
    return "nothing came that could have been held";
  }
  if (asked.half_open && tally.half_open == 0) return "no connection was made meanwhile";
  if (asked.refuse && !tally.is_refusing()) return "connections are not refused";
  if ((asked.reset_after || asked.reset_after_bytes) && tally.resets == 0) {
    return "no connection was reset";
  }
  if (asked.slow_close > Duration::zero() && tally.late_ends == 0) return "no stream ended";
  if (asked.rebind_every && tally.rebinds == 0) return "there was no flow to rebind";
  return {};
}

bool is_idle(const LinkTally& tally) {
  return tally.up.bytes + tally.down.bytes + tally.up.datagrams + tally.down.datagrams +
             tally.up.segments + tally.down.segments + tally.connections + tally.held +
             tally.resets ==
         0;
}

}  // namespace

void DirectionTally::count_datagram(const Fate& fate) {
  ++datagrams;
  switch (fate.kind) {
    case Fate::Kind::kPass:
      duplicated += fate.is_twice ? 1 : 0;
      corrupted += fate.is_corrupted ? 1 : 0;
      overtaken += fate.has_overtaken ? 1 : 0;
      return;
    case Fate::Kind::kLost:
      ++lost;
      return;
    case Fate::Kind::kTooLarge:
      ++too_large;
      return;
    case Fate::Kind::kOverflow:
      ++overflowed;
      return;
  }
}

void DirectionTally::count_stream(const Fate& fate) {
  segments += fate.segments;
  stalled += fate.lost;
}

void DirectionTally::count_delivery(Duration delay, std::size_t size, Duration waited) {
  const double seconds = to_seconds(std::max(delay - waited, Duration::zero()));
  ++delivered;
  bytes += size;
  if (waited > Duration::zero()) {
    ++held_up;
    stall_sum_s += to_seconds(waited);
  }
  delay_sum_s += seconds;
  delay_squares_s2 += seconds * seconds;
}

LinkFinding judge(const LinkFault& asked, const LinkTally& tally) {
  LinkFinding finding;
  Words words("; ");
  words.add("up: " + direction_words(asked.up, tally.up, tally.in_force));
  words.add("down: " + direction_words(asked.down, tally.down, tally.in_force));
  const auto count = [&](bool is_asked, std::uint64_t many, const std::string& what) {
    if (is_asked) words.add(std::to_string(many) + what);
  };
  count(asked.black_hole, tally.held, " streams or connections held");
  count(asked.black_hole, tally.up.swallowed + tally.down.swallowed, " datagrams swallowed");
  count(asked.half_open, tally.half_open, " connections half open");
  count(asked.reset_after || asked.reset_after_bytes, tally.resets, " connections reset");
  count(asked.slow_close > Duration::zero(), tally.late_ends, " late ends");
  count(asked.rebind_every.has_value(), tally.rebinds, " new source ports");
  count(asked.refuse, tally.refusals,
        " of " + std::to_string(tally.tries) + " connections that were tried by us refused");
  count(tally.overruns > 0, tally.overruns, " datagrams lost by the relay itself");
  finding.seen = words.text();

  if (is_idle(tally) && !(asked.refuse && tally.is_refusing())) {
    finding.why_not = "nothing passed through it";
  }
  if (finding.why_not.empty()) finding.why_not = what_never_happened(asked, tally);
  for (const auto& [way, seen] :
       {std::pair(&asked.up, &tally.up), std::pair(&asked.down, &tally.down)}) {
    if (finding.why_not.empty()) finding.why_not = direction_trouble(*way, *seen, tally.in_force);
  }
  finding.took = finding.why_not.empty();
  return finding;
}

}  // namespace squall::faults
