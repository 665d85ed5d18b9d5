#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/parse/node.h"
#include "scenarios/parse/parse.h"

namespace squall::scenarios {

/// Gathers what is wrong with a file while it is read.
///
/// Lifecycle:  one for each file that is parsed.
/// Threads:    one.
/// Errors:     none; past kMost further mistakes are counted, not kept.
class Mistakes {
 public:
  static constexpr std::size_t kMost = 200;

  void add(Place place, std::string message);
  bool empty() const { return found_.empty(); }
  /// In the order of the file, those of overrides last; `sources` names what Place::source counts.
  std::vector<Mistake> listed(const std::vector<std::string>& sources) const;

 private:
  std::vector<std::pair<Place, std::string>> found_;
  std::size_t untold_ = 0;
};

}  // namespace squall::scenarios
