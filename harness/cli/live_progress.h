#pragma once

#include <chrono>
#include <cstddef>
#include <cstdio>

#include "harness/base/units.h"
#include "harness/coordinator/coordinator.h"
#include "reports/text/progress.h"

namespace squall::cli {

/// What a run's view shows of its progress: the figures of the last whole second.
reports::Progress progress_of(const coordinator::RunView& view);

/// Shows a run while it goes on: a block that is drawn over on a terminal, else a line each few
/// seconds.
///
/// Lifecycle:  show() again and again, then finish().
/// Threads:    one. Errors: none.
class LiveProgress {
 public:
  LiveProgress(std::FILE* stream, bool quiet);

  void show(const coordinator::RunView& view);
  /// Takes the block away, so that the summary stands alone.
  void finish();

 private:
  void erase();

  std::FILE* stream_;
  bool quiet_;
  bool is_terminal_;
  bool has_warned_ = false;                       // Of the generator as the bottleneck.
  std::size_t lines_ = 0;                         // Of the block that stands there now.
  Duration next_line_ = std::chrono::seconds(5);  // When the next plain line is due.
};

}  // namespace squall::cli
