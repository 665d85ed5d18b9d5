#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "generators/load/in_flight.h"
#include "generators/request/cookie_jar.h"

namespace squall::generators {

/// What somebody who sends one request after another keeps between them: a user of a closed load,
/// or who walks through a flow that an open load began.
struct Walker {
  std::uint64_t walk = 0;  ///< The number of the walk within the load.
  std::uint32_t row = 0;   ///< Of the table of which the walk uses a row alone.
  std::uint32_t step = 0;  ///< Which comes next, or is on its way.
  bool walking = false;
  std::vector<std::string> taken;  ///< As the load's slots.
  CookieJar cookies;

  /// Stands at the beginning of a flow, with nothing taken on the way so far. Cookies stay.
  void begin(std::uint64_t number, std::uint32_t own_row, std::size_t slots);
  /// Keeps what the answer to a request told: what was taken, and cookies.
  void learn(const InFlight& request);
};

/// The walkers of one shard, known by small numbers.
///
/// Lifecycle:  of a closed load one for each user, made beforehand; of an open one, one for each
///             walk from add() to remove(), whose memory the next one uses.
/// Threads:    one owner at a time.
/// Errors:     using a walker that is not there is a programming error.
class Walkers {
 public:
  /// So many more users of a closed load, who are known by small numbers in order, from 0.
  void add_users(std::uint64_t users) {
    walkers_.resize(walkers_.size() + static_cast<std::size_t>(users));
  }
  /// A walker of an open load.
  std::uint32_t add();
  void remove(std::uint32_t walker);

  Walker& operator[](std::uint32_t walker) { return walkers_[walker]; }

 private:
  std::vector<Walker> walkers_;
  std::vector<std::uint32_t> free_;
};

}  // namespace squall::generators
