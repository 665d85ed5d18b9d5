#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "harness/base/result.h"
#include "reports/judge/run_result.h"

namespace squall::coordinator {

/// The folder that keeps what a run gave: results.json, report.html, junit.xml, histograms.hlog,
/// events.jsonl and scenario.yaml as run.
///
/// Lifecycle:  make → write, once.
/// Threads:    one owner at a time.
/// Errors:     make() fails when the folder cannot be had or already holds a run; write() names the
///             file that could not be written.
class RunDirectory {
 public:
  /// `out` as the user said it, or none for runs/NAME-TIMESTAMP below the working folder with
  /// runs/latest pointing at it.
  static Result<RunDirectory> make(const std::optional<std::string>& out, const std::string& name,
                                   WallTime now);

  Result<void> write(const reports::RunRecord& record, const reports::RunResult& result,
                     const std::string& scenario_text) const;

  const std::filesystem::path& path() const { return path_; }
  /// What a user may type: as given, relative where it was relative.
  std::filesystem::path report() const { return shown_ / "report.html"; }
  const std::filesystem::path& shown() const { return shown_; }

 private:
  RunDirectory(std::filesystem::path path, std::filesystem::path shown)
      : path_(std::move(path)), shown_(std::move(shown)) {}

  std::filesystem::path path_;  // Absolute.
  std::filesystem::path shown_;
};

}  // namespace squall::coordinator
