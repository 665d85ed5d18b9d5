#pragma once

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

namespace squall {

/// A real process that a test starts, with its stdout at hand. It is killed and waited for at the
/// end, so that no test leaves one behind.
class ChildProcess {
 public:
  /// Starts `arguments`, the program (looked for in PATH) first, in a session of its own. It dies
  /// with the thread that makes it.
  explicit ChildProcess(std::vector<std::string> arguments) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    output_ = ends[0];
    std::vector<char*> words;
    for (std::string& one : arguments) words.push_back(one.data());
    words.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // Also when the test itself is killed.
      ::setsid();
      ::dup2(ends[1], STDOUT_FILENO);
      ::execvp(words[0], words.data());
      ::_exit(127);
    }
    ::close(ends[1]);
  }
  ChildProcess(ChildProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        output_(std::exchange(other.output_, -1)),
        rest_(std::move(other.rest_)) {}
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess() {
    kill();
    if (output_ >= 0) ::close(output_);
  }

  pid_t pid() const { return pid_; }

  /// The next line of its stdout; empty at its end or after ten seconds.
  std::string read_line() {
    while (true) {
      if (const std::size_t end = rest_.find('\n'); end != std::string::npos) {
        std::string line = rest_.substr(0, end);
        rest_.erase(0, end + 1);
        return line;
      }
      pollfd one{.fd = output_, .events = POLLIN, .revents = 0};
      if (::poll(&one, 1, 10'000) <= 0) return "";
      std::array<char, 256> piece{};
      const ssize_t got = ::read(output_, piece.data(), piece.size());
      if (got <= 0) return "";
      rest_.append(piece.data(), static_cast<std::size_t>(got));
    }
  }

  /// Waits for its end; the wait status.
  int wait() {
    int status = -1;
    if (pid_ > 0) {
      while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
      }
    }
    pid_ = -1;
    return status;
  }

  /// KILL, and waits for its end.
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string rest_;
};

/// Asks every millisecond until `is_true` or `limit` is over; the last answer.
inline bool eventually(std::chrono::milliseconds limit, const std::function<bool()>& is_true) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < deadline) {
    if (is_true()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return is_true();
}

}  // namespace squall
