#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "generators/target/target_options.h"
#include "generators/target/target_server.h"

#include "tests/support/real_server.h"
#include "tests/support/result_matchers.h"

namespace squall::generators {

/// What a program said, stdout and stderr together, and its exit code.
struct ProgramRun {
  std::string output;
  int exit_code = -1;
};

/// Runs a command line, quoted as a shell would have it, and waits for it.
inline ProgramRun run_program(const std::string& command) {
  const test::TemporaryFolder folder;
  const std::string output = folder.file("output");
  const auto status = test::run({"/bin/sh", "-c", "LC_ALL=C " + command}, output);
  ProgramRun run;
  if (!status) return run;
  run.exit_code = *status;
  std::ifstream file(output, std::ios::binary);
  run.output.assign(std::istreambuf_iterator<char>(file), {});
  return run;
}

/// The number that `pattern`'s first group matches in `text`; −1 if it does not.
inline double number_in(const std::string& text, const std::string& pattern) {
  std::smatch match;
  return std::regex_search(text, match, std::regex(pattern)) ? std::stod(match[1]) : -1;
}

/// A target that serves on a free port, on a thread of its own, until it goes out of scope.
class RunningTarget {
 public:
  explicit RunningTarget(const std::vector<std::string>& behaviours = {},
                         const std::string& protocols = "h1,h2,h2c", TargetOptionTexts texts = {}) {
    folder_ = std::filesystem::temp_directory_path() / ("squall-target-" + random_name());
    std::filesystem::create_directories(folder_);
    texts.listen = {"127.0.0.1:0"};
    texts.behaviours = behaviours;
    texts.protocols = protocols;
    texts.write_certificate = certificate_file();
    auto options = parse_target_options(texts);
    EXPECT_TRUE(ok(options));
    auto made = TargetServer::make(*options);
    EXPECT_TRUE(ok(made));
    server_ = *std::move(made);
    thread_ = std::thread([this] { server_->run(); });
  }
  RunningTarget(const RunningTarget&) = delete;
  RunningTarget& operator=(const RunningTarget&) = delete;
  ~RunningTarget() {
    stop();
    std::filesystem::remove_all(folder_);
  }

  void stop() {
    server_->stop();
    if (thread_.joinable()) thread_.join();
  }
  std::uint16_t port() const { return server_->port(); }
  std::string certificate_file() const { return folder_ / "cert.pem"; }
  std::string http(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port()) + path;
  }
  std::string https(const std::string& path) const {
    return "https://localhost:" + std::to_string(port()) + path;
  }

  /// curl with prior knowledge of HTTP/2, in clear text.
  ProgramRun curl(const std::string& path, const std::string& options = "") const {
    return run_program("curl -sS --max-time 20 --http2-prior-knowledge " + options + " '" +
                       http(path) + "'");
  }
  ProgramRun post(const std::string& admin, const std::string& body = "") const {
    return curl("/.squall/" + admin, "-X POST -d '" + body + "'");
  }
  /// A number of the statistics, by its key.
  double stat(const std::string& key) const {
    return number_in(curl("/.squall/stats", "--max-time 1").output, "\"" + key + "\": ([0-9]+)");
  }
  /// Waits until a number of the statistics is `wanted`; 10 s at most.
  bool wait_for(const std::string& key, double wanted) const {
    for (int tries = 0; tries < 500; ++tries) {
      if (stat(key) == wanted) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }

 private:
  static std::string random_name() {
    static int count = 0;
    return std::to_string(::getpid()) + "-" + std::to_string(++count);
  }

  std::filesystem::path folder_;
  std::unique_ptr<TargetServer> server_;
  std::thread thread_;
};

/// Runs a program beside the test.
inline std::future<ProgramRun> beside(std::function<ProgramRun()> program) {
  return std::async(std::launch::async, std::move(program));
}

}  // namespace squall::generators
