#include "harness/coordinator/loss_book.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <variant>

namespace squall::coordinator {
namespace {

double share_of(const LoadPart& part, const generators::LoadSpec& load) {
  if (const auto* closed = std::get_if<generators::ClosedSpec>(&load.schedule)) {
    return static_cast<double>(part.users) / static_cast<double>(closed->users);
  }
  return static_cast<double>(part.turns.size()) / static_cast<double>(part.count);
}

}  // namespace

void LossBook::take(const std::string& agent, const reports::Snapshot& snapshot) {
  Told& told = told_[agent];
  told.until = std::max(told.until, snapshot.second + 1);
  for (const reports::LoadSecond& one : snapshot.cells) {
    told.due[one.load][one.second] += one.cell.due;
  }
  for (auto& [load, seconds] : told.due) {
    seconds.erase(seconds.begin(), seconds.lower_bound(told.until));
  }
}

void LossBook::told_all(const std::string& agent, Duration at) { told_[agent].load_ended = at; }

void LossBook::hand_on(const std::string& agent, const std::string& load, Duration at) {
  handed_on_.insert_or_assign({agent, load}, at);
}

reports::MissingPart LossBook::missing(const std::string& agent, const LoadPart& part,
                                       const generators::LoadSpec& load, Duration end,
                                       const DueBetween& due_between) const {
  const auto told = told_.find(agent);
  const auto handed_on = handed_on_.find({agent, part.load});
  const Duration over = std::min(end, load.at + load.length());
  reports::MissingPart missing{.load = part.load,
                               .agent = agent,
                               .from = load.at,
                               .to = over,
                               .share = share_of(part, load),
                               .due = {}};
  if (told != told_.end()) {
    missing.from = std::max<Duration>(load.at, std::chrono::seconds(told->second.until));
  }
  if (handed_on != handed_on_.end()) missing.to = std::min(over, handed_on->second);
  // Users have no schedule from which to subtract what was told of a second that is not over.
  if (!load.is_open() && told != told_.end()) {
    missing.from = std::max(missing.from, told->second.load_ended);
  }
  missing.to = std::max(missing.from, missing.to);
  if (!load.is_open()) return missing;

  double due = 0;
  if (const auto* replay = std::get_if<generators::ReplaySpec>(&load.schedule)) {
    // Its requests are not evenly apart; so many they are on the mean.
    due = static_cast<double>(replay->requests) * to_seconds(missing.to - missing.from) /
          std::max(to_seconds(replay->length), 1e-9);
  } else {
    due = due_between(part.load, missing.from, missing.to);
  }
  due *= missing.share * load.part();
  if (told != told_.end()) {
    if (const auto seconds = told->second.due.find(part.load); seconds != told->second.due.end()) {
      for (const auto& [second, count] : seconds->second) due -= static_cast<double>(count);
    }
  }
  missing.due = static_cast<std::uint64_t>(std::llround(std::max(due, 0.0)));
  return missing;
}

}  // namespace squall::coordinator
