#include "harness/coordinator/run_lock.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "harness/base/reason.h"

namespace squall::coordinator {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = "running";
constexpr std::string_view kWish = "stop";
constexpr std::string_view kAtOnceWord = "now";

Error failed(const std::string& doing) {
  return Error{std::error_code(errno, std::generic_category()), doing};
}

Result<void> write_all(int fd, std::string_view text, const std::string& doing) {
  if (::ftruncate(fd, 0) != 0) return failed(doing);
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed(doing);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

std::string read_all(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

Result<RunLock> RunLock::take(const fs::path& folder, const std::string& run_id) {
  const fs::path path = folder / kMark;
  const std::string doing = "mark " + folder.string() + " as running";
  UniqueFd mark(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!mark) return failed(doing);
  if (::flock(mark.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed(doing);
    return reason(std::errc::device_or_resource_busy, "a run is going on in " + folder.string());
  }
  if (auto written = write_all(mark.get(), run_id, doing); !written) {
    return std::move(written).error();
  }
  std::error_code ignored;
  fs::remove(folder / kWish, ignored);  // Meant for a run that is over.
  return RunLock(folder, std::move(mark));
}

RunLock::~RunLock() {
  if (!mark_) return;  // Moved from.
  std::error_code ignored;
  fs::remove(folder_ / kWish, ignored);
  fs::remove(folder_ / kMark, ignored);
}

StopWish RunLock::wish() const {
  std::error_code ignored;
  const fs::path wish = folder_ / kWish;
  if (!fs::exists(wish, ignored)) return StopWish::kNone;
  return read_all(wish).starts_with(kAtOnceWord) ? StopWish::kAtOnce : StopWish::kSoon;
}

bool is_running(const fs::path& folder) {
  const UniqueFd mark(::open((folder / kMark).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  return mark && ::flock(mark.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Result<fs::path> find_run(const std::string& name) {
  std::error_code failure;
  if (fs::is_directory(name, failure)) return fs::path(name);
  for (fs::directory_iterator entry("runs", failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const bool is_latest = entry->is_symlink(failure);
    if (!is_latest && is_running(entry->path()) && read_all(entry->path() / kMark) == name) {
      return entry->path();
    }
  }
  return reason(std::errc::no_such_file_or_directory,
                "no folder " + name + ", nor a run of this id below runs");
}

Result<void> ask_to_stop(const fs::path& folder, StopWish wish) {
  if (!is_running(folder)) {
    return reason(std::errc::no_such_process, "no run is going on in " + folder.string());
  }
  const std::string doing = "ask the run in " + folder.string() + " to stop";
  const UniqueFd file(
      ::open((folder / kWish).c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return failed(doing);
  return write_all(file.get(), wish == StopWish::kAtOnce ? kAtOnceWord : "", doing);
}

}  // namespace squall::coordinator
