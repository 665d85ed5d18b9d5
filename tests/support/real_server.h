#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "harness/base/result.h"

#include "tests/support/free_port.h"

namespace squall::test {

/// A folder of a test's own under the system's temporary one; removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  const std::filesystem::path& path() const { return path_; }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  void write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

/// A real server process under test, without a shell between.
///
/// Lifecycle:  start() returns when its port takes connections, start_udp() when it is bound; the
///             destructor kills and reaps it (and with it its process group, for servers with
///             workers).
/// Threads:    one owner.
/// Errors:     start() fails when the program ends, or does not listen within ten seconds.
class RealServer {
 public:
  static Result<RealServer> start(std::vector<std::string> command, std::uint16_t port,
                                  const std::string& log_file = "/dev/null");
  static Result<RealServer> start_udp(std::vector<std::string> command, std::uint16_t port,
                                      const std::string& log_file = "/dev/null");
  RealServer(RealServer&& other) noexcept;
  RealServer& operator=(RealServer&&) = delete;
  ~RealServer();

  pid_t pid() const { return pid_; }
  std::uint16_t port() const { return port_; }
  /// Sends a signal to the server and all processes of its group.
  void signal_all(int number) const;
  /// SIGTERM or what is given, to the first process alone, and waits until it has ended.
  void end(int number);

 private:
  static Result<RealServer> start(std::vector<std::string> command, std::uint16_t port,
                                  const std::string& log_file, bool (*is_ready)(std::uint16_t));
  RealServer(pid_t pid, std::uint16_t port) : pid_(pid), port_(port) {}

  pid_t pid_ = -1;  // Also its process group; -1 when it has been reaped.
  std::uint16_t port_ = 0;
};

/// Makes `cert.pem` and `key.pem` in `folder`, for 127.0.0.1 and localhost, with openssl(1).
Result<void> make_certificate(const TemporaryFolder& folder);

/// Runs a command to its end, its output into `output_file`; the exit status.
Result<int> run(std::vector<std::string> command, const std::string& output_file = "/dev/null");

}  // namespace squall::test
