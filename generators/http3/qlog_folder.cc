#include "generators/http3/qlog_folder.h"

#include <cerrno>
#include <system_error>

#include <unistd.h>

#include "harness/base/log.h"
#include "harness/base/warn_again.h"

namespace squall::generators {

Result<void> QlogFolder::create() const {
  std::error_code failed;
  std::filesystem::create_directories(folder_, failed);
  if (!failed && ::access(folder_.c_str(), W_OK | X_OK) != 0) {
    failed = std::error_code(errno, std::generic_category());
  }
  if (failed) return Error{failed, "quic: qlog: " + folder_.string()};
  return {};
}

QlogFolder::File QlogFolder::open(const std::string& id) {
  const std::size_t number = opened_.fetch_add(1, std::memory_order_relaxed);
  if (number == kMost) {
    log_warning("quic: qlog: " + folder_.string() + " has " + std::to_string(kMost) +
                " connections: later ones are not written down");
  }
  if (number >= kMost) return nullptr;
  const std::filesystem::path path = folder_ / (id + ".sqlog");
  File file(std::fopen(path.c_str(), "we"), Close{this});
  if (!file) say_once(id + ".sqlog", errno);
  return file;
}

void QlogFolder::write(const File& file, std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file.get()) == text.size()) return;
  file.get_deleter().folder->say_once("a connection's log is cut off", errno);
}

void QlogFolder::Close::operator()(std::FILE* file) const {
  if (std::fclose(file) != 0) folder->say_once("a connection's log is cut off", errno);
}

void QlogFolder::say_once(const std::string& what, int why) {
  if (said_.exchange(true)) return;
  log_warning_again("quic: qlog: " + folder_.string() + ": " + what + ": " +
                    std::generic_category().message(why));
}

}  // namespace squall::generators
