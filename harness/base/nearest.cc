#include "harness/base/nearest.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace squall {
namespace {

constexpr std::size_t kLongestWord = 64;  // What is longer is no slip of the finger.

/// Optimal string alignment distance: edits and swaps of neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
  using Row = std::array<std::size_t, kLongestWord + 1>;
  Row before_last{};
  Row last{};
  Row now{};
  for (std::size_t j = 0; j <= b.size(); ++j) last.at(j) = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now.at(0) = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      now.at(j) = std::min({last.at(j) + 1, now.at(j - 1) + 1, last.at(j - 1) + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now.at(j) = std::min(now.at(j), before_last.at(j - 2) + 1);
      }
    }
    before_last = last;
    last = now;
  }
  return last.at(b.size());
}

}  // namespace

std::string nearest(std::string_view found, const std::vector<std::string>& words) {
  if (found.empty() || found.size() > kLongestWord) return {};
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(1, found.size() / 3) + 1;
  for (const std::string& word : words) {
    if (word.size() > kLongestWord || word.size() + best_distance < found.size() ||
        found.size() + best_distance < word.size()) {
      continue;
    }
    const std::size_t steps = distance(found, word);
    if (steps < best_distance && steps < word.size()) {
      best = &word;
      best_distance = steps;
    }
  }
  return best == nullptr ? std::string{} : *best;
}

}  // namespace squall
