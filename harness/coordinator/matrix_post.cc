#include "harness/coordinator/matrix_post.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "reports/judge/words.h"

namespace squall::coordinator {
namespace {

using namespace std::chrono_literals;
using State = reports::FaultRecord::State;

/// So long the undoing of a row's faults may take, the start of a service included.
constexpr Duration kUndoWithin = 30s;

std::int64_t second_of(Duration offset) {
  return std::chrono::floor<std::chrono::seconds>(offset).count();
}

/// True when nothing of the fault is in force any more, or never was.
bool is_over(const reports::FaultRecord& fault) { return !fault.from || fault.to; }

/// How long a lost connection of the load takes to come back, at most.
Duration longest_reconnect(const scenarios::Scenario& scenario) {
  const auto* load = scenario.find_load(scenario.capacity->search);
  const auto* target = load == nullptr ? nullptr : scenario.find_target(load->target);
  return target == nullptr ? Duration::zero() : target->reconnect.up_to;
}

}  // namespace

MatrixPost::MatrixPost(const scenarios::Scenario& scenario, const scenarios::Plan& plan)
    : scenario_(scenario), seconds_(scenario) {
  const Duration start = scenario.find_load(scenario.capacity->search)->at;
  if (scenario.matrix.empty()) {
    rows_.emplace_back().labels = scenario.capacity->faults;
    faults_.push_back(scenario.capacity->faults);
    planned_.push_back(start);
  }
  for (std::size_t row = 0; row < scenario.matrix.size(); ++row) {
    rows_.emplace_back().name = scenario.matrix[row].name;
    faults_.push_back(scenario.matrix[row].faults);
    planned_.push_back(plan.rows[row].from);
  }
  for (const scenarios::PlannedFault& fault : plan.faults) {
    if (fault.row > 0) rows_[fault.row].labels.push_back(fault.label);
  }
  begun_.resize(rows_.size());
  begin_row(0, start);
}

void MatrixPost::begin_row(std::size_t row, Duration at) {
  current_ = row;
  stage_ = Stage::kSearching;
  begun_[row] = at;
  rows_[row].from = second_of(at);
  if (recovery_) {
    rows_[row].recovery = recovery_->seconds();
    rows_[row].has_recovered = recovery_->has_recovered();
  }
  post_.emplace(scenario_, seconds_, at, rows_[row].labels);
}

void MatrixPost::offer(PaceOrder order, MatrixOrders& orders) {
  orders.pace = order;
  changes_.push_back(order);
}

MatrixOrders MatrixPost::look(const reports::RunRecord& record, Duration elapsed) {
  MatrixOrders orders;
  switch (stage_) {
    case Stage::kSearching:
      search(record, elapsed, orders);
      break;
    case Stage::kUndoing:
      undo(record, elapsed);
      break;
    case Stage::kCalming:
      calm(record, elapsed, orders);
      break;
    case Stage::kDone:
      break;
  }
  return orders;
}

void MatrixPost::search(const reports::RunRecord& record, Duration elapsed, MatrixOrders& orders) {
  if (const auto order = post_->look(record, elapsed)) offer(*order, orders);
  if (!post_->is_done()) return;
  rows_[current_].capacity = post_->record(faults_[current_]);
  rows_[current_].to = second_of(elapsed);
  post_.reset();
  // The last row of a matrix is ended, too: only then it is seen whether its faults took.
  if (scenario_.matrix.empty()) {
    stage_ = Stage::kDone;
  } else {
    end_row(elapsed, orders);
  }
}

void MatrixPost::end_row(Duration elapsed, MatrixOrders& orders) {
  const reports::CapacityRecord& whole = rows_.front().capacity;
  const Rate little{whole.good.value_or(scenario_.capacity->low).per_second / 2};
  recovery_.emplace(calm_mean(whole), little);
  offer({soon(elapsed), little}, orders);
  orders.ends_row = !rows_[current_].labels.empty();
  stage_ = Stage::kUndoing;
  patience_ = elapsed + kUndoWithin;
}

void MatrixPost::undo(const reports::RunRecord& record, Duration elapsed) {
  const auto& labels = rows_[current_].labels;
  bool all_over = true;
  for (const reports::FaultRecord& fault : record.faults) {
    if (std::find(labels.begin(), labels.end(), fault.label) == labels.end()) continue;
    if (fault.state == State::kResidue) {
      give_up(fmt::format("fault {} could not be undone", fault.label));
      stage_ = Stage::kDone;
      return;
    }
    all_over = all_over && is_over(fault);
  }
  if (!all_over && elapsed > patience_) {
    give_up(fmt::format("the faults of row {} were not undone in {}", rows_[current_].name,
                        reports::as_chosen(kUndoWithin)));
    stage_ = Stage::kDone;
  }
  if (!all_over || is_done()) return;
  if (current_ + 1 == rows_.size()) {
    stage_ = Stage::kDone;
    return;
  }
  stage_ = Stage::kCalming;
  returned_ = labels.empty() ? elapsed : elapsed + longest_reconnect(scenario_);
  // The first whole second without the faults, and with little on offer.
  since_ = next_second_ = std::max(second_of(changes_.back().at), second_of(elapsed) + 1);
}

void MatrixPost::calm(const reports::RunRecord& record, Duration elapsed, MatrixOrders& orders) {
  const std::int64_t known = seconds_.last_known(record);
  for (; next_second_ <= known && !recovery_->is_over(); ++next_second_) {
    if (next_second_ < since_) continue;
    const Rate before = recovery_->rate();
    recovery_->take(seconds_.read(record, next_second_, 0));
    if (recovery_->rate() == before) continue;
    const Duration at = soon(elapsed);
    since_ = second_of(at);
    offer({at, recovery_->rate()}, orders);
  }
  if (!recovery_->is_over() || elapsed < returned_) return;
  const Duration at = soon(elapsed);
  orders.begin = RowBegin{current_ + 1, at};
  begin_row(current_ + 1, at);
}

void MatrixPost::give_up(const std::string& why) {
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    if (begun_[row]) continue;
    // Of a search that was not begun at all.
    CapacityPost never(scenario_, seconds_, planned_[row], {});
    never.cut("it was not begun: " + why);
    rows_[row].capacity = never.record(faults_[row]);
  }
}

void MatrixPost::cut(const std::string& why, Duration elapsed) {
  if (is_done()) return;
  if (post_) {
    post_->cut(why);
    rows_[current_].capacity = post_->record(faults_[current_]);
    rows_[current_].to = second_of(elapsed);
    post_.reset();
  }
  give_up(why);
  stage_ = Stage::kDone;
}

std::optional<Duration> MatrixPost::shift_of(std::size_t row) const {
  if (!begun_[row]) return std::nullopt;
  return planned_[row] - *begun_[row];
}

std::vector<generators::Stage> MatrixPost::stages_until(Duration end) const {
  std::vector<generators::Stage> stages;
  Duration from = planned_.front();
  Rate rate = scenario_.capacity->low;
  const auto close = [&](Duration to) {
    to = std::min(to, end);
    if (to > from) stages.push_back({rate, rate, to - from});
    from = std::max(from, to);
  };
  for (const PaceOrder& change : changes_) {
    close(change.at);
    rate = change.rate;
  }
  close(end);
  if (stages.empty()) stages.push_back({rate, rate, Duration::zero()});
  return stages;
}

std::string MatrixPost::doing() const {
  const std::string what =
      post_                       ? post_->doing()
      : stage_ == Stage::kUndoing ? "undoing its faults"
      : stage_ == Stage::kCalming
          ? "over; waiting for latency to come back at " + reports::rate_in_words(recovery_->rate())
          : "done";
  if (scenario_.matrix.empty()) return "capacity: " + what;
  return fmt::format("row {} of {}, {}: {}", current_ + 1, rows_.size(), rows_[current_].name,
                     what);
}

}  // namespace squall::coordinator
