#include "faults/core/reaper.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/core/audit.h"
#include "faults/core/recover.h"
#include "faults/process/pidfd.h"

namespace squall::faults {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int kLine = 3;  // The reaper's end of the socket pair, in the reaper.
constexpr char kOrderlyEnd = 'e';
constexpr char kExpect = 'x';  // A moment follows.
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

/// The agent, of whom `fd` is the other end.
UniqueFd agent_at(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return {};
  return open_pidfd(peer.pid);
}

/// Stands guard; true when the agent's end is an orderly one. One that hangs is ended.
bool await_end(int fd) {
  UniqueFd agent;
  Instant expected = Instant::max();
  while (true) {
    auto patience = -1ms;
    if (expected != Instant::max()) {
      const Duration left = expected - std::chrono::steady_clock::now();
      patience = std::max(0ms, std::chrono::ceil<std::chrono::milliseconds>(left));
    }
    if (!readable_within(fd, patience)) {
      send_signal(agent, SIGKILL);
      expected = Instant::max();
      continue;
    }
    char word = 0;
    Instant::rep moment = 0;
    if (::recv(fd, &word, 1, 0) != 1) return false;
    if (word == kOrderlyEnd) return true;
    if (word != kExpect || ::recv(fd, &moment, sizeof moment, MSG_WAITALL) != sizeof moment) {
      return false;
    }
    if (!agent) agent = agent_at(fd);
    expected = agent ? Instant(Duration(moment)) : Instant::max();
  }
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

/// `directory` is a run's among the journals, which are below the folder with the audit log.
void say(const fs::path& directory, const RecoveryReport& report) {
  const fs::path journals = directory.parent_path();
  std::vector<std::string> troubles;
  for (const AuditEntry& entry : audit_of(report, "reaper")) {
    if (auto kept = append_audit(audit_file(journals.parent_path()), entry); !kept) {
      troubles.push_back(kept.error().message());
    }
  }
  if (report.is_clean() && troubles.empty()) return;
  std::ofstream log(journals / "reaper.log", std::ios::app);
  for (const std::string& line : report.in_words()) log << line << '\n';
  for (const std::string& line : troubles) log << line << '\n';
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

void Reaper::expect_until(Instant moment) {
  std::array<char, 1 + sizeof(Instant::rep)> message{kExpect};
  const Instant::rep since_boot = moment.time_since_epoch().count();
  std::memcpy(message.data() + 1, &since_boot, sizeof since_boot);
  // All or nothing: the line holds hundreds of these, and is read at once.
  [[maybe_unused]] const auto sent =
      ::send(line_.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool Reaper::is_on_guard() const {
  // After its greeting it says nothing: all that could be read is its end.
  return line_ && !readable_within(line_.get(), 0ms);
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
  if (await_end(fd)) return EXIT_SUCCESS;

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
