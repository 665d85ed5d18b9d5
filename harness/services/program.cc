#include "harness/services/program.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <fstream>
#include <sstream>
#include <system_error>

#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/reason.h"

namespace squall::services {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLongestTail = 4096;
constexpr std::size_t kLines = 3;
constexpr std::size_t kLongestLine = 200;

bool is_runnable(const fs::path& file) {
  std::error_code trouble;
  return fs::is_regular_file(file, trouble) && ::access(file.c_str(), X_OK) == 0;
}

std::string printable(std::string line) {
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return std::iscntrl(c) != 0; }, ' ');
  if (line.size() > kLongestLine) line = line.substr(0, kLongestLine) + "…";
  return line;
}

}  // namespace

Result<fs::path> find_program(const std::string& program, const fs::path& directory,
                              const std::string& search_path) {
  if (program.find('/') != std::string::npos) {
    const fs::path file = (directory / program).lexically_normal();
    std::error_code trouble;
    if (!fs::exists(file, trouble)) {
      return reason(std::errc::no_such_file_or_directory,
                    "there is no program " + file.string() +
                        "; paths of commands start at the scenario's directory");
    }
    if (is_runnable(file)) return file;
    return reason(std::errc::permission_denied,
                  file.string() + " cannot be run; chmod +x it, if it is a program");
  }
  std::istringstream places(search_path);
  for (std::string place; std::getline(places, place, ':');) {
    const fs::path file = directory / place / program;
    if (!program.empty() && is_runnable(file)) return file.lexically_normal();
  }
  return reason(std::errc::no_such_file_or_directory, "there is no program '" + program +
                                                          "' in PATH (" + search_path +
                                                          "); install it, or write its path");
}

std::string describe_exit(int wait_status) {
  if (WIFEXITED(wait_status)) {
    return "exited with status " + std::to_string(WEXITSTATUS(wait_status));
  }
  const int signal = WTERMSIG(wait_status);
  const char* name = ::sigabbrev_np(signal);
  return "was ended by " +
         (name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal));
}

std::string last_words(const fs::path& log, std::uintmax_t from) {
  std::error_code trouble;
  const std::uintmax_t size = fs::file_size(log, trouble);
  if (trouble || size <= from) return "";
  std::ifstream stream(log, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(std::max(from, size - std::min(size, kLongestTail))));
  std::deque<std::string> lines;
  for (std::string line; std::getline(stream, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    lines.push_back(printable(std::move(line)));
    if (lines.size() > kLines) lines.pop_front();
  }
  std::string words;
  for (const std::string& line : lines) words += (words.empty() ? "" : " | ") + line;
  return words;
}

}  // namespace squall::services
