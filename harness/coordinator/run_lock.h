#pragma once

#include <filesystem>
#include <string>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

namespace squall::coordinator {

/// How a run is stopped from elsewhere.
enum class StopWish { kNone, kSoon, kAtOnce };

/// The mark in a run's folder that a run is going on there, and the ear for those who want it to
/// end.
///
/// The file `running` holds the run's id and is locked for as long as the run lasts, so that a mark
/// that was left behind by a crash counts for nothing. Whoever may write into the folder may put a
/// file `stop` there.
///
/// Lifecycle:  take → the run and its results → destroyed, which takes both files away. Moved,
///             never copied.
/// Threads:    one owner at a time.
/// Errors:     take() fails when a run is going on there, or the folder cannot be written.
class RunLock {
 public:
  static Result<RunLock> take(const std::filesystem::path& folder, const std::string& run_id);
  RunLock(RunLock&&) = default;
  RunLock& operator=(RunLock&&) = delete;
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;
  ~RunLock();

  /// What has been asked for so far.
  StopWish wish() const;

 private:
  RunLock(std::filesystem::path folder, UniqueFd mark)
      : folder_(std::move(folder)), mark_(std::move(mark)) {}

  std::filesystem::path folder_;
  UniqueFd mark_;
};

/// Whether a run is going on in this folder.
bool is_running(const std::filesystem::path& folder);

/// The folder of the run that is meant: `name` itself where it is a folder, or that below `runs`
/// in which the run of this id is going on.
Result<std::filesystem::path> find_run(const std::string& name);

/// Asks the run in this folder to end. Fails when none is going on.
Result<void> ask_to_stop(const std::filesystem::path& folder, StopWish wish);

}  // namespace squall::coordinator
