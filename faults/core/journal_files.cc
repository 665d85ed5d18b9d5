#include "faults/core/journal_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>

#include <unistd.h>

#include "faults/core/journal.h"

namespace squall::faults {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLongestJournal = 256U << 20U;

}  // namespace

Result<std::vector<fs::path>> journals_below(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code trouble;
  if (!fs::exists(directory, trouble)) {
    if (trouble) return Error{trouble, "look for journals in " + directory.string()};
    return found;
  }
  constexpr auto kPass = fs::directory_options::skip_permission_denied;
  fs::recursive_directory_iterator at(directory, kPass, trouble);
  for (; !trouble && at != fs::recursive_directory_iterator(); at.increment(trouble)) {
    std::error_code ended;
    if (is_journal(at->path()) && at->is_regular_file(ended)) found.push_back(at->path());
  }
  if (trouble) return Error{trouble, "look for journals in " + directory.string()};
  std::sort(found.begin(), found.end());
  return found;
}

Result<std::string> read_all(int file) {
  std::string text;
  std::array<char, 65536> piece{};
  while (text.size() < kLongestJournal) {
    const ssize_t got = ::pread(file, piece.data(), piece.size(), static_cast<off_t>(text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return error(static_cast<std::errc>(errno), "read");
    if (got == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return error(std::errc::file_too_large, "read");
}

}  // namespace squall::faults
