#pragma once

#include <cstdint>
#include <vector>

#include "generators/spec/load_spec.h"
#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::generators {

/// The rate of an open load over time, and its two integrals: how many requests are expected by a
/// moment, and the moment by which so many are.
///
/// With Λ(t) the expected count up to t, request k of constant arrivals is due at Λ⁻¹(k), in closed
/// form (constant rate: k/r; ramp of slope s: (−r0 + √(r0² + 2·s·k))/s, counted from the stage's
/// start), never by adding up gaps: there is no drift, and a stalled server makes requests late,
/// never fewer. The first is due where Λ leaves 0; request k exists when k < Λ(end). So a constant
/// rate r over a length L has ⌈r·L⌉ requests: 1000/s for 10 s are 10,000, the last at 9.999 s.
///
/// Lifecycle:  a value; made once, before the run starts.
/// Threads:    immutable, any thread may read it.
/// Errors:     only make() can fail.
class OpenSchedule {
 public:
  /// Fails for no stages, or a rate that is negative or not finite, or a length that is negative.
  static Result<OpenSchedule> make(const std::vector<Stage>& stages);

  /// This schedule up to `at`, and from there on `stages`; its length ends with theirs. Beyond its
  /// own end it is at rest until `at`. What was due before stays due when it was. Fails as make().
  Result<OpenSchedule> changed_at(Duration at, const std::vector<Stage>& stages) const;

  /// The sum of the stages' lengths.
  Duration length() const { return length_; }
  /// Λ(end): how many requests are expected in all.
  double expected() const { return static_cast<double>(expected_); }
  /// How many requests constant arrivals have.
  std::uint64_t count() const { return count_; }
  /// Λ(at): how many are expected before the offset `at`.
  double expected_before(Duration at) const;
  /// Λ⁻¹(amount): the offset at which so many are expected. `amount` in [0, expected()); beyond it
  /// the answer is length().
  Duration due(long double amount) const;

 private:
  struct Piece {
    Duration begin{};
    Duration length{};
    double from = 0;           // per second
    double to = 0;             // per second
    long double before = 0;    // Λ(begin)
    long double expected = 0;  // Λ(end) − Λ(begin)
  };

  std::vector<Piece> pieces_;
  Duration length_{};
  long double expected_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace squall::generators
