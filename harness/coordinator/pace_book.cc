#include "harness/coordinator/pace_book.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace squall::coordinator {
namespace {

using generators::Stage;

Duration length_of(const std::vector<Stage>& stages) {
  Duration length{};
  for (const Stage& stage : stages) length += stage.length;
  return length;
}

double due_in(const std::vector<Stage>& stages) {
  double due = 0;
  for (const Stage& stage : stages) {
    due += (stage.from.per_second + stage.to.per_second) / 2 * to_seconds(stage.length);
  }
  return due;
}

Rate rate_in(const Stage& stage, Duration at) {
  const double share = static_cast<double>(at.count()) /
                       static_cast<double>(std::max<Duration::rep>(1, stage.length.count()));
  return Rate{stage.from.per_second + share * (stage.to.per_second - stage.from.per_second)};
}

}  // namespace

std::vector<Stage> remaining_stages(const std::vector<Stage>& stages, Duration at, double factor) {
  std::vector<Stage> left;
  Duration begin{};
  for (const Stage& stage : stages) {
    const Duration done = std::clamp(at - begin, Duration::zero(), stage.length);
    begin += stage.length;
    if (done == stage.length) continue;
    left.push_back({Rate{factor * rate_in(stage, done).per_second},
                    Rate{factor * stage.to.per_second}, stage.length - done});
  }
  return left;
}

std::vector<Stage> stages_until(const std::vector<Stage>& stages, Duration at) {
  std::vector<Stage> before;
  Duration begin{};
  for (const Stage& stage : stages) {
    const Duration done = std::clamp(at - begin, Duration::zero(), stage.length);
    begin += stage.length;
    if (done > Duration::zero()) before.push_back({stage.from, rate_in(stage, done), done});
  }
  return before;
}

PaceBook::PaceBook(const scenarios::Scenario& scenario) {
  for (const generators::LoadSpec& load : scenario.loads) {
    const auto* open = std::get_if<generators::OpenSpec>(&load.schedule);
    if (open == nullptr) continue;
    loads_[load.name] = {.begin = load.at,
                         .stages = open->stages,
                         .ordered = open->stages,
                         .is_split = load.split.has_value()};
  }
}

Result<PaceBook::Change> PaceBook::set_rate(const std::string& load, Duration at, Rate rate) {
  const auto refuse = [&](const std::string& why) {
    return error(std::errc::invalid_argument, "load " + load + ": " + why);
  };
  const auto found = loads_.find(load);
  if (found == loads_.end()) return refuse("there is no open load of this name");
  Paced& paced = found->second;
  if (paced.is_split) return refuse("it shares its schedule with a canary");
  const Duration done = std::max(at - paced.begin, Duration::zero());
  const Duration left = length_of(paced.stages) - done;
  if (left <= Duration::zero()) return refuse("its schedule is over");
  paced.stages = stages_until(paced.stages, done);
  paced.stages.push_back({rate, rate, left});
  Change made = *change(load, at);
  note(made);
  return made;
}

std::vector<PaceBook::Change> PaceBook::pause(Duration at) {
  std::vector<Change> changes;
  if (std::exchange(is_paused_, true)) return changes;
  for (const auto& [load, paced] : loads_) {
    if (auto made = change(load, at)) changes.push_back(*std::move(made));
  }
  for (const Change& made : changes) note(made);
  return changes;
}

std::vector<PaceBook::Change> PaceBook::resume(Duration at) {
  std::vector<Change> changes;
  if (!std::exchange(is_paused_, false)) return changes;
  for (const auto& [load, paced] : loads_) {
    if (auto made = change(load, at)) changes.push_back(*std::move(made));
  }
  for (const Change& made : changes) note(made);
  return changes;
}

std::optional<PaceBook::Change> PaceBook::make_denser(const std::string& load, Duration at,
                                                      double factor) {
  const auto found = loads_.find(load);
  if (found == loads_.end()) return {};
  found->second.factor = factor;
  auto made = change(load, at);
  if (made) note_ordered(*made);
  return made;
}

std::optional<PaceBook::Change> PaceBook::change(const std::string& load, Duration at) const {
  const Paced& paced = loads_.at(load);
  Change made{.load = load, .at = std::max(at, paced.begin), .stages = {}};
  made.stages =
      remaining_stages(paced.stages, made.at - paced.begin, is_paused_ ? 0 : paced.factor);
  if (made.stages.empty()) return {};
  return made;
}

void PaceBook::note_ordered(const Change& change) {
  Paced& paced = loads_.at(change.load);
  paced.ordered = stages_until(paced.ordered, change.at - paced.begin);
  paced.ordered.insert(paced.ordered.end(), change.stages.begin(), change.stages.end());
}

double PaceBook::due_between(const std::string& load, Duration from, Duration to) const {
  const auto found = loads_.find(load);
  if (found == loads_.end()) return 0;
  const Paced& paced = found->second;
  return due_in(stages_until(paced.ordered, to - paced.begin)) -
         due_in(stages_until(paced.ordered, from - paced.begin));
}

void PaceBook::note(const Change& change) {
  note_ordered(change);
  const Paced& paced = loads_.at(change.load);
  const auto known = offered_.find(change.load);
  const Duration done = change.at - paced.begin;
  std::vector<Stage> all =
      stages_until(known == offered_.end() ? paced.stages : known->second, done);
  // What is offered is the whole, however many agents do it.
  for (Stage& stage : remaining_stages(paced.stages, done, is_paused_ ? 0 : 1)) {
    all.push_back(stage);
  }
  offered_[change.load] = std::move(all);
}

}  // namespace squall::coordinator
