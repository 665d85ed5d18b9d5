#include "harness/base/files.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "harness/base/unique_fd.h"

namespace squall {

Result<std::string> read_file(const std::filesystem::path& file, std::size_t at_most) {
  constexpr std::size_t kAtOnce = 65536;
  const auto failed = [&file] {
    return Error{std::error_code(errno, std::generic_category()), "read " + file.string()};
  };
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return failed();
  std::string text;
  while (text.size() < at_most) {
    const std::size_t had = text.size();
    text.resize(had + std::min(kAtOnce, at_most - had));
    const ssize_t got = ::read(fd.get(), text.data() + had, text.size() - had);
    if (got < 0 && errno != EINTR) return failed();
    text.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) break;
  }
  return text;
}

}  // namespace squall
