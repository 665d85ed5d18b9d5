#include "faults/process/procfs_file.h"

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "harness/base/unique_fd.h"

namespace squall::faults {
namespace {

Error last_error(std::string_view doing) { return error(static_cast<std::errc>(errno), doing); }

}  // namespace

Result<std::string> read_proc_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return last_error("open " + path);
  std::string text;
  std::array<char, 4096> piece{};
  while (true) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_error("read " + path);
    if (got == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace squall::faults
