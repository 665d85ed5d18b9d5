#include "reports/compare/stretches.h"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace squall::reports {
namespace {

/// Into which batch of all cuts a second falls; calls `with(second, batch)` for each.
template <typename With>
void each_second(const std::vector<Cut>& cuts, With with) {
  std::size_t before = 0;
  for (const Cut& cut : cuts) {
    for (std::int64_t second = cut.stretch.from; second < cut.stretch.to; ++second) {
      const auto into = static_cast<std::size_t>(second - cut.stretch.from);
      with(second, before + into * cut.batches / static_cast<std::size_t>(cut.stretch.length()));
    }
    before += cut.batches;
  }
}

std::size_t batches_in(const std::vector<Cut>& cuts) {
  std::size_t all = 0;
  for (const Cut& cut : cuts) all += cut.batches;
  return all;
}

/// Empty counts; with more than one cut each is a stratum.
BatchedCounts room_for(const std::vector<Cut>& cuts) {
  BatchedCounts made;
  made.hits.assign(batches_in(cuts), 0);
  made.of.assign(batches_in(cuts), 0);
  for (std::size_t i = 0; cuts.size() > 1 && i < cuts.size(); ++i) {
    made.stratum.insert(made.stratum.end(), cuts[i].batches, i);
  }
  return made;
}

std::size_t batches_for(const std::pair<Stretch, Stretch>& part) {
  const std::int64_t seconds = std::min(part.first.length(), part.second.length());
  if (const std::size_t batches = batches_of(seconds); batches > 0) return batches;
  return static_cast<std::size_t>(std::max<std::int64_t>(1, seconds));
}

Stretch overlap(const Stretch& a, const Stretch& b) {
  return {std::max(a.from, b.from), std::min(a.to, b.to)};
}

/// The parts of two stretches by the phases of both loads; none when these are not the same.
std::optional<Parts> by_phases(const ComparedLoad& a, const Stretch& all_a, const ComparedLoad& b,
                               const Stretch& all_b) {
  if (a.phases.size() != b.phases.size()) return std::nullopt;
  Parts parts;
  std::int64_t seconds_a = 0;
  std::int64_t seconds_b = 0;
  for (std::size_t i = 0; i < a.phases.size(); ++i) {
    if (a.phases[i].name != b.phases[i].name) return std::nullopt;
    const Stretch in_a = overlap(clipped(a.phases[i], a), all_a);
    const Stretch in_b = overlap(clipped(b.phases[i], b), all_b);
    if ((in_a.length() == 0) != (in_b.length() == 0)) return std::nullopt;
    if (in_a.length() == 0) continue;
    seconds_a += in_a.length();
    seconds_b += in_b.length();
    parts.emplace_back(in_a, in_b);
  }
  if (seconds_a != all_a.length() || seconds_b != all_b.length()) return std::nullopt;
  return parts;
}

Stretch stretch_of(const ComparedObjective& objective) {
  return {objective.from, objective.from + static_cast<std::int64_t>(objective.samples.size())};
}

}  // namespace

std::int64_t seconds_of(const Parts& parts) {
  std::int64_t of_a = 0;
  std::int64_t of_b = 0;
  for (const auto& [a, b] : parts) {
    of_a += a.length();
    of_b += b.length();
  }
  return std::min(of_a, of_b);
}

Length length_of(const Parts& parts) {
  const std::int64_t seconds = seconds_of(parts);
  if (batches_of(seconds) > 0) return Length::kLong;
  return seconds >= static_cast<std::int64_t>(kFewestOfStratum) ? Length::kFewSeconds
                                                                : Length::kTooShort;
}

const ComparedPhase* phase_named(const ComparedLoad& load, const std::string& name) {
  const auto found = std::find_if(load.phases.begin(), load.phases.end(),
                                  [&](const ComparedPhase& one) { return one.name == name; });
  return found == load.phases.end() ? nullptr : &*found;
}

Stretch clipped(const ComparedPhase& phase, const ComparedLoad& load) {
  return overlap({phase.from, phase.to}, {load.from, load.to()});
}

Parts parts_of(const ComparedLoad& a, const ComparedLoad& b) {
  const Stretch all_a{a.from, a.to()};
  const Stretch all_b{b.from, b.to()};
  return by_phases(a, all_a, b, all_b).value_or(Parts{{all_a, all_b}});
}

Parts parts_of(const ComparedObjective& a, const ComparedLoad* load_a, const ComparedObjective& b,
               const ComparedLoad* load_b) {
  const Stretch all_a = stretch_of(a);
  const Stretch all_b = stretch_of(b);
  const Parts whole = {{all_a, all_b}};
  if (load_a == nullptr || load_b == nullptr) return whole;
  return by_phases(*load_a, all_a, *load_b, all_b).value_or(whole);
}

std::vector<Cut> of_a(const Parts& parts) {
  std::vector<Cut> cuts;
  for (const auto& part : parts) cuts.push_back({part.first, batches_for(part)});
  return cuts;
}

std::vector<Cut> of_b(const Parts& parts) {
  std::vector<Cut> cuts;
  for (const auto& part : parts) cuts.push_back({part.second, batches_for(part)});
  return cuts;
}

Batches batches_over(const ComparedLoad& load, const std::vector<Cut>& cuts) {
  Batches made;
  made.open = load.open;
  made.response.resize(batches_in(cuts));
  made.not_ok = made.completed = room_for(cuts);
  made.completed.stratum.clear();
  each_second(cuts, [&](std::int64_t second, std::size_t batch) {
    const ComparedSecond& one = load.seconds[static_cast<std::size_t>(second - load.from)];
    one.response.add_to(made.response[batch]);
    one.response.add_to(made.all);
    made.not_ok.hits[batch] += static_cast<double>(one.not_ok);
    made.not_ok.of[batch] += static_cast<double>(one.due);
    made.completed.hits[batch] += static_cast<double>(one.completed);
    made.completed.of[batch] += 1;
  });
  return made;
}

std::pair<BatchedCounts, BatchedCounts> samples_over(const ComparedObjective& a,
                                                     const ComparedObjective& b,
                                                     const Parts& parts) {
  const auto counted = [](const ComparedObjective& objective, const std::vector<Cut>& cuts) {
    BatchedCounts counts = room_for(cuts);
    each_second(cuts, [&](std::int64_t second, std::size_t batch) {
      const auto at = static_cast<std::size_t>(second - objective.from);
      counts.hits[batch] += objective.bad[at];
      counts.of[batch] += objective.samples[at];
    });
    return counts;
  };
  BatchedCounts all_a = counted(a, of_a(parts));
  BatchedCounts all_b = counted(b, of_b(parts));
  std::pair<BatchedCounts, BatchedCounts> kept;
  for (std::size_t i = 0; i < all_a.of.size(); ++i) {
    if (!(all_a.of[i] + all_b.of[i] > 0)) continue;
    for (const auto& [from, into] : {std::pair{&all_a, &kept.first}, {&all_b, &kept.second}}) {
      into->hits.push_back(from->hits[i]);
      into->of.push_back(from->of[i]);
      if (!from->stratum.empty()) into->stratum.push_back(from->stratum[i]);
    }
  }
  return kept;
}

}  // namespace squall::reports
