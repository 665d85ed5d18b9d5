#include "harness/agent/witness.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/process/pidfd.h"
#include "harness/base/files.h"
#include "harness/control/agent_link.h"
#include "harness/control/credentials.h"

namespace squall::agent {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// The witness's own descriptors; what is to become one of them is opened above them.
constexpr int kLine = 3;
constexpr int kProcess = 4;
constexpr int kTestimony = 5;
constexpr int kFirstFree = 10;

constexpr char kOrderlyEnd = 'e';
/// Whoever was told to go has gone by then, or is ended.
constexpr Duration kGoneWithin = 500ms;
constexpr Duration kTick = 5ms;
/// Each attempt to be heard, and what is between two.
constexpr Duration kDialWithin = 1500ms;
constexpr Duration kAnswerWithin = 2s;
constexpr Duration kPause = 100ms;
/// Whatever holds it up, it ends so long after it had to.
constexpr Duration kOverdue = 5s;

Error last_error(std::string_view doing) { return error(static_cast<std::errc>(errno), doing); }

Result<UniqueFd> moved_up(UniqueFd low) {
  if (!low) return last_error("start a witness");
  UniqueFd high(::fcntl(low.get(), F_DUPFD_CLOEXEC, kFirstFree));
  if (!high) return last_error("start a witness");
  return high;
}

/// A file of nobody else's, from which it is read when it is needed.
Result<UniqueFd> written_down(const wire::Testimony& testimony) {
  SQUALL_TRY(auto file,
             moved_up(UniqueFd(::memfd_create("testimony", static_cast<unsigned>(MFD_CLOEXEC)))));
  if (!testimony.SerializeToFileDescriptor(file.get()) || ::lseek(file.get(), 0, SEEK_SET) != 0) {
    return last_error("start a witness: write down what it is to say");
  }
  return file;
}

/// How the witness is started, for posix_spawn(3).
struct Manner {
  posix_spawn_file_actions_t descriptors{};
  posix_spawnattr_t attributes{};

  Manner(int line, int process, int testimony) {
    posix_spawn_file_actions_init(&descriptors);
    posix_spawn_file_actions_addopen(&descriptors, STDIN_FILENO, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&descriptors, STDIN_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&descriptors, STDIN_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&descriptors, line, kLine);
    posix_spawn_file_actions_adddup2(&descriptors, process, kProcess);
    posix_spawn_file_actions_adddup2(&descriptors, testimony, kTestimony);
    posix_spawn_file_actions_addclosefrom_np(&descriptors, kTestimony + 1);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  }
  Manner(const Manner&) = delete;
  Manner& operator=(const Manner&) = delete;
  ~Manner() {
    posix_spawn_file_actions_destroy(&descriptors);
    posix_spawnattr_destroy(&attributes);
  }
};

std::optional<control::Credentials> credentials_in(const wire::Testimony& testimony) {
  if (testimony.authority().empty()) return {};
  return control::Credentials{
      .authority = testimony.authority(),
      .own = {.certificate = testimony.certificate(), .key = testimony.key()}};
}

/// Whether the coordinator has taken it, or will not.
bool is_told(control::AgentLink& link, const wire::Testimony& testimony, Instant deadline) {
  wire::FromAgent message;
  *message.mutable_hello() = testimony.hello();
  if (!link.send(std::move(message))) return false;
  while (const auto heard = link.hear(deadline)) {
    if (heard->ended) return false;
    if (heard->order.has_taken() || heard->order.has_refused()) return true;
  }
  return false;
}

void tell(const wire::Testimony& testimony) {
  const auto credentials = credentials_in(testimony);
  const Instant deadline = Clock::now() + Duration(testimony.patience_ns());
  while (Clock::now() < deadline) {
    const auto link = control::AgentLink::dial(
        testimony.join(), std::min<Duration>(kDialWithin, deadline - Clock::now()), credentials);
    if (link &&
        is_told(**link, testimony, std::min<Instant>(deadline, Clock::now() + kAnswerWithin)))
      return;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

Result<Witness> Witness::start(const std::string& program, const wire::Testimony& testimony) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return last_error("start a witness");
  }
  UniqueFd ours(ends[0]);
  SQUALL_TRY(const auto theirs, moved_up(UniqueFd(ends[1])));
  SQUALL_TRY(const auto process, moved_up(faults::open_pidfd(::getpid())));
  SQUALL_TRY(const auto file, written_down(testimony));

  std::string path = program;
  std::string command = "witness";
  std::string name = testimony.hello().name();
  const std::array<char*, 4> arguments{path.data(), command.data(), name.data(), nullptr};
  const Manner manner(theirs.get(), process.get(), file.get());
  pid_t pid = -1;
  const int failure = ::posix_spawn(&pid, path.c_str(), &manner.descriptors, &manner.attributes,
                                    arguments.data(), environ);
  if (failure != 0) {
    return Error{std::error_code(failure, std::generic_category()), "start a witness: " + path};
  }
  return Witness(std::move(ours), pid);
}

void Witness::end() {
  if (!line_) return;
  [[maybe_unused]] const auto sent = ::send(line_.get(), &kOrderlyEnd, 1, MSG_NOSIGNAL);
  line_.reset();
  const Instant deadline = Clock::now() + kGoneWithin;
  while (::waitpid(pid_, nullptr, WNOHANG) == 0) {
    if (Clock::now() >= deadline) ::kill(pid_, SIGKILL);
    std::this_thread::sleep_for(kTick);
  }
}

bool await_death(int line, int process, Duration patience) {
  std::optional<Instant> deadline;  // Since the line was let go.
  while (true) {
    std::array<pollfd, 2> both{pollfd{.fd = process, .events = POLLIN, .revents = 0},
                               pollfd{.fd = deadline ? -1 : line, .events = POLLIN, .revents = 0}};
    int wait = -1;
    if (deadline) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
      wait = static_cast<int>(std::max<std::chrono::milliseconds::rep>(0, left.count()));
    }
    const int ready = ::poll(both.data(), both.size(), wait);
    if (ready < 0 && errno != EINTR) return false;
    if (ready < 0) continue;
    if (ready == 0) return false;
    // What it said before its end comes first.
    char word = 0;
    if (::recv(line, &word, 1, MSG_DONTWAIT) == 1 && word == kOrderlyEnd) return false;
    if ((both[0].revents & POLLIN) != 0) return true;
    if (!deadline) deadline = Clock::now() + patience;
  }
}

int run_witness() {
  if (::chdir("/") != 0) return EXIT_FAILURE;
  wire::Testimony testimony;
  if (!testimony.ParseFromFileDescriptor(kTestimony)) return EXIT_FAILURE;
  const Duration patience(testimony.patience_ns());
  if (!await_death(kLine, kProcess, patience)) return EXIT_SUCCESS;
  ::alarm(
      static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(patience + kOverdue).count()));
  tell(testimony);
  return EXIT_SUCCESS;
}

}  // namespace squall::agent
