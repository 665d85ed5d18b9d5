#include "generators/schedule/open_schedule.h"

#include <algorithm>
#include <cmath>

namespace squall::generators {
namespace {

// Rates and lengths arrive as decimal fractions, so that their product misses the whole number that
// was meant by some 1e-10; a request is not added for that.
constexpr long double kRounding = 1e-6L;

bool is_rate(Rate rate) { return std::isfinite(rate.per_second) && rate.per_second >= 0; }

}  // namespace

Result<OpenSchedule> OpenSchedule::make(const std::vector<Stage>& stages) {
  if (stages.empty()) return error(std::errc::invalid_argument, "a schedule without stages");
  OpenSchedule schedule;
  for (const Stage& stage : stages) {
    if (!is_rate(stage.from) || !is_rate(stage.to)) {
      return error(std::errc::invalid_argument, "a stage's rate");
    }
    if (stage.length < Duration::zero()) {
      return error(std::errc::invalid_argument, "a stage's length");
    }
    Piece piece;
    piece.begin = schedule.length_;
    piece.length = stage.length;
    piece.from = stage.from.per_second;
    piece.to = stage.to.per_second;
    piece.before = schedule.expected_;
    piece.expected = (static_cast<long double>(piece.from) + piece.to) / 2 *
                     static_cast<long double>(stage.length.count()) / 1e9L;
    schedule.length_ += stage.length;
    schedule.expected_ += piece.expected;
    schedule.pieces_.push_back(piece);
  }
  schedule.count_ =
      static_cast<std::uint64_t>(std::ceil(std::max(0.0L, schedule.expected_ - kRounding)));
  return schedule;
}

Result<OpenSchedule> OpenSchedule::changed_at(Duration at, const std::vector<Stage>& stages) const {
  std::vector<Stage> all;
  for (const Piece& piece : pieces_) {
    if (piece.begin >= at) break;
    const Duration length = std::min(piece.length, at - piece.begin);
    const double part = to_seconds(length) / std::max(to_seconds(piece.length), 1e-9);
    const double to =
        length == piece.length ? piece.to : piece.from + (piece.to - piece.from) * part;
    all.push_back({{piece.from}, {to}, length});
  }
  if (at > length_) all.push_back({{}, {}, at - length_});
  all.insert(all.end(), stages.begin(), stages.end());
  return make(all);
}

double OpenSchedule::expected_before(Duration at) const {
  long double sum = 0;
  for (const Piece& piece : pieces_) {
    if (at <= piece.begin) break;
    if (at >= piece.begin + piece.length) {
      sum = piece.before + piece.expected;
      continue;
    }
    const long double t = static_cast<long double>((at - piece.begin).count()) / 1e9L;
    const long double whole = static_cast<long double>(piece.length.count()) / 1e9L;
    sum = piece.before + piece.from * t + (piece.to - piece.from) / whole * t * t / 2;
  }
  return static_cast<double>(sum);
}

Duration OpenSchedule::due(long double amount) const {
  // The first piece that ends after `amount`: pieces in which nothing is due are passed over.
  const auto piece = std::upper_bound(
      pieces_.begin(), pieces_.end(), amount,
      [](long double wanted, const Piece& p) { return wanted < p.before + p.expected; });
  if (piece == pieces_.end()) return length_;
  const long double wanted = std::max(0.0L, amount - piece->before);
  const long double whole = static_cast<long double>(piece->length.count()) / 1e9L;
  const long double slope = (static_cast<long double>(piece->to) - piece->from) / whole;
  // (−r0 + √(r0² + 2·s·k))/s, multiplied out so that it also holds, and is exact, for s → 0.
  const long double root = std::sqrt(
      std::max(0.0L, static_cast<long double>(piece->from) * piece->from + 2 * slope * wanted));
  const long double divisor = piece->from + root;
  const long double t = divisor > 0 ? 2 * wanted / divisor : 0;
  const auto nanoseconds = static_cast<std::int64_t>(std::llround(t * 1e9L));
  return piece->begin + std::min(Duration(nanoseconds), piece->length);
}

}  // namespace squall::generators
