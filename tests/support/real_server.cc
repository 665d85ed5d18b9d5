#include "tests/support/real_server.h"

#include <cerrno>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "harness/base/unique_fd.h"

extern char** environ;  // NOLINT: POSIX's

namespace squall::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

bool takes_connections(std::uint16_t port) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  // NOLINTNEXTLINE: the sockets interface
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool is_bound(std::uint16_t port) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  // NOLINTNEXTLINE: the sockets interface
  return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0;
}

Result<pid_t> spawn(const std::vector<std::string>& command, const std::string& output_file) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                   0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // A group of its own.
  pid_t pid = -1;
  const int failure =
      posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) return Error{std::error_code(failure, std::system_category()), command[0]};
  return pid;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "squall-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = name;
  std::filesystem::permissions(
      path_, std::filesystem::perms::others_exec | std::filesystem::perms::others_read,
      std::filesystem::perm_options::add);  // For servers' workers.
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void TemporaryFolder::write(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name, std::ios::binary) << text;
}

Result<RealServer> RealServer::start(std::vector<std::string> command, std::uint16_t port,
                                     const std::string& log_file) {
  return start(std::move(command), port, log_file, takes_connections);
}

Result<RealServer> RealServer::start_udp(std::vector<std::string> command, std::uint16_t port,
                                         const std::string& log_file) {
  return start(std::move(command), port, log_file, is_bound);
}

Result<RealServer> RealServer::start(std::vector<std::string> command, std::uint16_t port,
                                     const std::string& log_file, bool (*is_ready)(std::uint16_t)) {
  SQUALL_TRY(const pid_t pid, spawn(command, log_file));
  RealServer server(pid, port);
  for (int tries = 0; tries < 1000; ++tries) {
    if (is_ready(port)) return server;
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid) {
      server.pid_ = -1;
      return error(std::errc::no_such_process, command[0] + " ended, see " + log_file);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return error(std::errc::timed_out, command[0]);
}

RealServer::RealServer(RealServer&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), port_(other.port_) {}

RealServer::~RealServer() {
  if (pid_ < 0) return;
  signal_all(SIGKILL);
  signal_all(SIGCONT);
  ::waitpid(pid_, nullptr, 0);
}

void RealServer::signal_all(int number) const {
  if (pid_ > 0) ::kill(-pid_, number);
}

void RealServer::end(int number) {
  if (pid_ < 0) return;
  const pid_t pid = std::exchange(pid_, -1);
  ::kill(number == SIGKILL ? -pid : pid, number);
  ::waitpid(pid, nullptr, 0);
}

Result<int> run(std::vector<std::string> command, const std::string& output_file) {
  SQUALL_TRY(const pid_t pid, spawn(command, output_file));
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) return error(std::errc::no_child_process, command[0]);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

Result<void> make_certificate(const TemporaryFolder& folder) {
  SQUALL_TRY(const int status,
             run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                  "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout",
                  folder.file("key.pem"), "-out", folder.file("cert.pem"), "-subj", "/CN=localhost",
                  "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"}));
  if (status != 0) return error(std::errc::io_error, "openssl req");
  return {};
}

}  // namespace squall::test
