#include "harness/coordinator/run_directory.h"

#include <ctime>
#include <utility>

#include <fmt/chrono.h>

#include "harness/base/log.h"
#include "harness/base/reason.h"
#include "reports/folder/run_files.h"

namespace squall::coordinator {
namespace {

namespace fs = std::filesystem;

/// A name as a folder's: what might lead elsewhere or not be allowed becomes '-'.
std::string as_folder(const std::string& name) {
  std::string folder;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    folder += plain ? c : '-';
  }
  return folder.empty() || folder.front() == '.' ? "run" + folder : folder;
}

void point_latest_at(const fs::path& parent, const fs::path& run) {
  // A convenience: without it the run is as good.
  const fs::path link = parent / "latest";
  const fs::path fresh = parent / ".latest.part";
  std::error_code failure;
  fs::remove(fresh, failure);
  fs::create_directory_symlink(run.filename(), fresh, failure);
  if (!failure) fs::rename(fresh, link, failure);
  if (failure) log_warning("point " + link.string() + " at this run: " + failure.message());
}

}  // namespace

Result<RunDirectory> RunDirectory::make(const std::optional<std::string>& out,
                                        const std::string& name, WallTime now) {
  std::error_code failure;
  if (out) {
    const fs::path path = fs::absolute(*out, failure).lexically_normal();
    if (fs::exists(path / "results.json", failure)) {
      return reason(std::errc::file_exists, "--out " + *out + " already holds a run");
    }
    fs::create_directories(path, failure);
    if (failure) return Error{failure, "make folder " + *out};
    return RunDirectory(path, *out);
  }
  const fs::path parent = "runs";
  fs::create_directories(parent, failure);
  if (failure) return Error{failure, "make folder runs"};
  const std::string stem = fmt::format("{}-{:%Y%m%d-%H%M%S}", as_folder(name),
                                       fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
  for (int attempt = 1; attempt < 100; ++attempt) {
    const fs::path shown = parent / (attempt == 1 ? stem : fmt::format("{}-{}", stem, attempt));
    if (fs::create_directory(shown, failure)) {
      point_latest_at(parent, shown);
      return RunDirectory(fs::absolute(shown), shown);
    }
    if (failure) return Error{failure, "make folder " + shown.string()};
  }
  return error(std::errc::file_exists, "make folder " + (parent / stem).string());
}

Result<void> RunDirectory::write(const reports::RunRecord& record, const reports::RunResult& result,
                                 const std::string& scenario_text) const {
  return reports::write_run_files(path_, record, result, scenario_text);
}

}  // namespace squall::coordinator
