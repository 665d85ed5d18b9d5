#include "faults/core/reaper.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/core/recover.h"

namespace squall::faults {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int kLine = 3;  // The reaper's end of the socket pair, in the reaper.
constexpr char kOrderlyEnd = 'e';
constexpr int kResidueStatus = 6;
constexpr int kRecoverAttempts = 5;
constexpr auto kOnGuardWithin = 10s;
constexpr auto kGoneWithin = 1s;

/// What the reaper says once it is on guard, or instead of that.
struct Greeting {
  pid_t pid = 0;
  int trouble = 0;  ///< errno of a failed exec.
};

Error last_error(std::string_view doing) { return error(static_cast<std::errc>(errno), doing); }

/// Waits until there is something to read, or the end.
bool readable_within(int fd, std::chrono::milliseconds limit) {
  pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&one, 1, static_cast<int>(limit.count()));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

void default_signals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// In the child of a process that may have threads: only what signal-safety(7) allows.
[[noreturn]] void become_the_reaper(int line, char* const* arguments) {
  ::setsid();
  const pid_t second = ::fork();  // Nobody's child, and never a session's leader again.
  if (second != 0) ::_exit(second < 0 ? 1 : 0);
  const int nothing = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd < kLine; ++fd) ::dup2(nothing, fd);
  if (line == kLine) {
    ::fcntl(line, F_SETFD, 0);
  } else {
    ::dup2(line, kLine);
  }
  ::close_range(kLine + 1, ~0U, 0);
  default_signals();
  ::execv(arguments[0], arguments);
  const Greeting greeting{::getpid(), errno};
  [[maybe_unused]] const auto sent = ::send(kLine, &greeting, sizeof greeting, MSG_NOSIGNAL);
  ::_exit(127);
}

void say(const fs::path& directory, const RecoveryReport& report) {
  std::ofstream log(directory.parent_path() / "reaper.log", std::ios::app);
  for (const std::string& line : report.in_words()) log << line << '\n';
}

}  // namespace

Result<Reaper> Reaper::start(const fs::path& program, const fs::path& journal_directory) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return last_error("start the reaper");
  }
  UniqueFd ours(ends[0]);
  UniqueFd theirs(::fcntl(ends[1], F_DUPFD_CLOEXEC, kLine));  // Clear of 0 to 2.
  ::close(ends[1]);
  if (!theirs) return last_error("start the reaper");

  std::string path = program.string();
  std::string directory = fs::absolute(journal_directory).string();
  std::string line = std::to_string(kLine);
  std::string command = "reaper";
  std::string journal_option = "--journal";
  std::string line_option = "--fd";
  const std::array<char*, 7> arguments{path.data(),      command.data(),     journal_option.data(),
                                       directory.data(), line_option.data(), line.data(),
                                       nullptr};
  const pid_t first = ::fork();
  if (first < 0) return last_error("start the reaper");
  if (first == 0) become_the_reaper(theirs.get(), arguments.data());
  theirs.reset();
  while (::waitpid(first, nullptr, 0) < 0 && errno == EINTR) {
  }

  Greeting greeting;
  if (!readable_within(ours.get(), kOnGuardWithin)) {
    return error(std::errc::timed_out, "start the reaper");
  }
  if (::recv(ours.get(), &greeting, sizeof greeting, MSG_WAITALL) != sizeof greeting) {
    return error(std::errc::broken_pipe, "start the reaper: " + path + " ended at once");
  }
  if (greeting.trouble != 0) {
    return error(static_cast<std::errc>(greeting.trouble), "start the reaper: run " + path);
  }
  return Reaper(std::move(ours), greeting.pid);
}

Result<void> Reaper::end() {
  if (!line_) return {};
  if (::send(line_.get(), &kOrderlyEnd, 1, MSG_NOSIGNAL) != 1) return last_error("end the reaper");
  if (!readable_within(line_.get(), kGoneWithin)) {
    return error(std::errc::timed_out, "end the reaper");
  }
  line_.reset();
  return {};
}

int run_reaper(int fd, const fs::path& journal_directory, ProcessTable& table, Networks* networks) {
  for (const int signal : {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGPIPE, SIGTSTP}) {
    ::signal(signal, SIG_IGN);
  }
  const UniqueFd line(fd);
  if (::chdir("/") != 0) return EXIT_FAILURE;
  const Greeting greeting{::getpid(), 0};
  if (::send(fd, &greeting, sizeof greeting, MSG_NOSIGNAL) != sizeof greeting) {
    // The agent is dead already: there may be something to undo all the same.
  }
  char word = 0;
  ssize_t got = 0;
  do {
    got = ::recv(fd, &word, 1, 0);
  } while (got < 0 && errno == EINTR);
  if (got == 1 && word == kOrderlyEnd) return EXIT_SUCCESS;

  for (int attempt = 1; attempt <= kRecoverAttempts; ++attempt) {
    const auto report = recover(journal_directory, table,
                                {.dry_run = false, .owners_are_dead = true, .networks = networks});
    if (report) say(journal_directory, *report);
    if (report && (*report).is_clean()) {
      std::error_code not_empty;  // Then somebody else still needs it.
      fs::remove(journal_directory, not_empty);
      return EXIT_SUCCESS;
    }
    table.pause(200ms);
  }
  return kResidueStatus;
}

}  // namespace squall::faults
