#include "generators/transport/key_log.h"

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <mutex>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "harness/base/unique_fd.h"
#include "harness/base/warn_again.h"

namespace squall::generators {
namespace {

/// Null where the environment names none.
const char* key_log_name() {
  const char* name = ::secure_getenv("SSLKEYLOGFILE");
  return name == nullptr || *name == '\0' ? nullptr : name;
}

/// A pipe that nobody reads, or that is full, must not hold up load: then secrets are missing.
UniqueFd open_to_append(const char* name) {
  return UniqueFd(::open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600));
}

std::string said_of(const char* name, int why) {
  return std::string("SSLKEYLOGFILE: ") + name + ": " + std::generic_category().message(why);
}

Error failed(const char* name, int why) {
  return Error{std::error_code(why, std::generic_category()),
               std::string("SSLKEYLOGFILE: ") + name};
}

/// The file of all threads.
struct KeyLog {
  std::mutex mutex;
  std::string name;
  UniqueFd file;
  bool has_said = false;
  bool is_torn = false;  // Its last line has no end.
};

KeyLog& key_log() {
  static KeyLog log;
  return log;
}

}  // namespace

bool is_key_log_wanted() { return key_log_name() != nullptr; }

void write_key_log(std::string_view line) noexcept {
  try {
    const char* name = key_log_name();
    if (name == nullptr) return;
    KeyLog& log = key_log();
    const std::lock_guard lock(log.mutex);
    errno = 0;
    if (log.file.get() < 0 || log.name != name) {
      log.file = open_to_append(name);
      log.name = name;
      log.is_torn = false;
    }
    const std::string whole = (log.is_torn ? "\n" : "") + std::string(line) + '\n';
    const ssize_t written =
        log.file.get() < 0 ? -1 : ::write(log.file.get(), whole.data(), whole.size());
    const bool is_whole = written == static_cast<ssize_t>(whole.size());
    if (written > 0) log.is_torn = !is_whole;
    if (is_whole || log.has_said) return;
    log.has_said = true;
    // A part of a line was all that there was room for.
    log_warning_again(said_of(name, written < 0 ? errno : ENOSPC) + ": secrets are missing there");
  } catch (const std::exception&) {  // Out of memory; it is called from C.
  }
}

Result<void> check_key_log() {
  const char* name = key_log_name();
  if (name == nullptr) return {};
  const UniqueFd file = open_to_append(name);
  if (file.get() < 0) return failed(name, errno);
  const std::lock_guard lock(key_log().mutex);
  key_log().has_said = false;
  return {};
}

Result<void> foresee_key_log() {
  const char* name = key_log_name();
  if (name == nullptr) return {};
  // A pipe that nobody reads would hold us up.
  const UniqueFd file(::open(name, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK));
  if (file.get() >= 0) return {};
  int why = errno;
  if (why == ENOENT) {
    std::error_code bad;
    const auto there = std::filesystem::weakly_canonical(name, bad);
    const std::string folder = there.has_parent_path() ? there.parent_path().string() : ".";
    if (!bad && ::access(folder.c_str(), W_OK | X_OK) == 0) return {};
    why = bad ? bad.value() : errno;
  }
  return failed(name, why);
}

}  // namespace squall::generators
