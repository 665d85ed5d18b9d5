#include "scenarios/parse/mistakes.h"

#include <algorithm>

namespace squall::scenarios {

std::string Mistake::text() const {
  if (line == 0) return file + ": " + message;
  return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + message;
}

void Mistakes::add(Place place, std::string message) {
  if (found_.size() >= kMost) {
    ++untold_;
    return;
  }
  std::pair<Place, std::string> mistake(place, std::move(message));
  // An anchor's text is read wherever an alias stands for it; once is enough.
  if (std::find(found_.begin(), found_.end(), mistake) != found_.end()) return;
  found_.push_back(std::move(mistake));
}

std::vector<Mistake> Mistakes::listed(const std::vector<std::string>& sources) const {
  auto sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Mistake> list;
  list.reserve(sorted.size() + 1);
  for (auto& [place, message] : sorted) {
    list.push_back({sources.at(place.source), place.line, place.column, std::move(message)});
  }
  if (untold_ > 0) {
    list.push_back({sources.front(), 0, 0, "and " + std::to_string(untold_) + " more mistakes"});
  }
  return list;
}

}  // namespace squall::scenarios
