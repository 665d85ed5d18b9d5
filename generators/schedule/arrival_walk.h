#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "generators/schedule/open_schedule.h"
#include "generators/schedule/random.h"
#include "generators/spec/load_spec.h"
#include "harness/base/units.h"

namespace squall::generators {

/// One request of an open load.
struct Arrival {
  std::uint64_t number = 0;  ///< Within the load, from 0, over all shards and agents.
  Duration due{};            ///< From the load's beginning.
  bool operator==(const Arrival&) const = default;
};

/// A part of a load's requests, or users: those whose number is `first` modulo `step`. Where there
/// are turns, it is that part of those whose number is one of them modulo `round`.
struct Slice {
  std::uint64_t first = 0;
  std::uint64_t step = 1;
  std::vector<std::uint32_t> turns = {};  ///< Below `round`, rising; none: all.
  std::uint64_t round = 1;

  /// Of the numbers that are in it, in order, the one at `index`.
  std::uint64_t number(std::uint64_t index) const {
    const std::uint64_t own = first + step * index;
    if (turns.empty()) return own;
    return own / turns.size() * round + turns[own % turns.size()];
  }
  /// How many there are below `end`.
  std::uint64_t count_below(std::uint64_t end) const {
    std::uint64_t own = end;
    if (!turns.empty()) {
      const auto rest = std::lower_bound(turns.begin(), turns.end(), end % round) - turns.begin();
      own = end / round * turns.size() + static_cast<std::uint64_t>(rest);
    }
    return own <= first ? 0 : (own - first - 1) / step + 1;
  }
  /// Part `index` of `count` of this part.
  Slice part(std::uint64_t index, std::uint64_t count) const {
    return {first + step * index, step * count, turns, round};
  }
  bool operator==(const Slice&) const = default;
};

/// Which of a slice's requests are kept where two loads share one schedule: a draw for each number,
/// `share` of which fall to the one that `takes`, and all others to the other one.
struct Split {
  std::uint64_t seed = 0;
  double share = 1;
  bool takes = true;

  bool has(std::uint64_t number) const {
    return (to_unit(random_at(seed, number)) < share) == takes;
  }
};

/// Walks through the arrivals of one slice of an open load, in order.
///
/// The slices of a load interleave: together they are the whole, each request in exactly one. So
/// no two of them send in volleys, and how many there are changes nothing in what is due. Poisson
/// arrivals are a seeded process of unit rate, whose k-th gap is a function of seed and k alone,
/// mapped through Λ⁻¹; every slice walks through all of it and keeps its own.
///
/// Lifecycle:  a value; refers to nothing but the schedule, which it shares and can exchange.
/// Threads:    one owner at a time.
/// Errors:     none.
class ArrivalWalk {
 public:
  ArrivalWalk(std::shared_ptr<const OpenSchedule> schedule, Arrivals kind, std::uint64_t seed,
              Slice slice, std::optional<Split> split = {});
  /// Arrivals at given moments, which are in order.
  ArrivalWalk(std::shared_ptr<const std::vector<Duration>> moments, Slice slice,
              std::optional<Split> split = {});

  /// The next arrival, or none when the load is over. Stays until pop().
  const std::optional<Arrival>& peek() const { return next_; }
  void pop();
  /// Goes on by another schedule, of which those that were popped must have been due when they
  /// were: see OpenSchedule::changed_at(). Not for given moments.
  void change(std::shared_ptr<const OpenSchedule> schedule);

 private:
  /// The first that is to be found from the slice's `index`th on.
  void find(std::uint64_t index);
  bool is_beyond(std::uint64_t number) const;

  std::shared_ptr<const OpenSchedule> schedule_;
  std::shared_ptr<const std::vector<Duration>> moments_;  // Instead of a schedule.
  Arrivals kind_ = Arrivals::kConstant;
  std::uint64_t seed_ = 0;
  Slice slice_;
  std::optional<Split> split_;
  std::optional<Arrival> next_;
  std::uint64_t sought_ = 0;  // The slice's index from which next_ was looked for,
  std::uint64_t index_ = 0;  // and that of next_, or of what comes when a change makes room for it.
  std::uint64_t walked_ = 0;  // Poisson: how many gaps have been added up,
  long double reached_ = 0;   // and to what.
};

}  // namespace squall::generators
