#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "generators/spec/load_spec.h"
#include "harness/base/units.h"
#include "harness/coordinator/capacity_post.h"
#include "reports/capacity/matrix_row.h"
#include "reports/capacity/recovery.h"
#include "reports/judge/run_record.h"
#include "scenarios/model/scenario.h"
#include "scenarios/plan/plan.h"

namespace squall::coordinator {

/// A row of the matrix begins.
struct RowBegin {
  std::size_t row = 0;
  Duration at{};
};

/// What the agents are to be told, in this order.
struct MatrixOrders {
  bool ends_row = false;
  std::optional<PaceOrder> pace;
  std::optional<RowBegin> begin;
};

/// Leads a run's searches for a capacity, one after the other: one for each row of the matrix, or
/// the only one of a scenario without.
///
/// When a row has ended its faults are undone, and little is offered until latency is back to what
/// it was without faults and lost connections had the time to come back; then the next one begins.
/// A fault that cannot be undone ends it all: no further row would measure what it says.
///
/// Lifecycle:  from the start of the load to its end; the scenario, which has a capacity, must
///             outlive it.
/// Threads:    one.
/// Errors:     none: what keeps a row from an answer stands in its record.
class MatrixPost {
 public:
  MatrixPost(const scenarios::Scenario& scenario, const scenarios::Plan& plan);

  /// Looks at what is new.
  MatrixOrders look(const reports::RunRecord& record, Duration elapsed);
  bool is_done() const { return stage_ == Stage::kDone; }
  /// Ends the search under way before it has an answer; no further row begins.
  void cut(const std::string& why, Duration elapsed);

  /// All rows, those that were not begun included; one where there is no matrix.
  const std::vector<reports::MatrixRow>& rows() const { return rows_; }
  /// What was due of the load until `end`.
  std::vector<generators::Stage> stages_until(Duration end) const;
  /// Of this row as it was: when it was to begin in the plan, less when it did; none: it did not.
  std::optional<Duration> shift_of(std::size_t row) const;
  /// "row 2 of 3, one-gone: probing 820/s".
  std::string doing() const;

 private:
  enum class Stage { kSearching, kUndoing, kCalming, kDone };

  void begin_row(std::size_t row, Duration at);
  void search(const reports::RunRecord& record, Duration elapsed, MatrixOrders& orders);
  void end_row(Duration elapsed, MatrixOrders& orders);
  void undo(const reports::RunRecord& record, Duration elapsed);
  void calm(const reports::RunRecord& record, Duration elapsed, MatrixOrders& orders);
  void offer(PaceOrder order, MatrixOrders& orders);
  /// No row that has not begun will.
  void give_up(const std::string& why);

  const scenarios::Scenario& scenario_;  // NOLINT: outlives the run.
  CapacitySeconds seconds_;
  Stage stage_ = Stage::kSearching;
  std::vector<reports::MatrixRow> rows_;
  std::vector<std::vector<std::string>> faults_;  // Names, by row.
  std::vector<Duration> planned_;                 // Begins, by row.
  std::vector<std::optional<Duration>> begun_;
  std::size_t current_ = 0;
  std::optional<CapacityPost> post_;
  std::vector<PaceOrder> changes_;
  Duration patience_{};     // Until here it waits for the faults of the row to be undone,
  Duration returned_{};     // and at least until here for lost connections.
  std::int64_t since_ = 0;  // The second from which on the present rate of recovery_ is offered.
  std::int64_t next_second_ = 0;
  std::optional<reports::Recovery> recovery_;
};

}  // namespace squall::coordinator
