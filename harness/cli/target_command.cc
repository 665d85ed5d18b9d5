#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "generators/target/target_options.h"
#include "generators/target/target_server.h"
#include "harness/cli/commands.h"
#include "harness/cli/interrupts.h"

namespace squall::cli {

int target(const TargetCommand& command) {
  auto options = generators::parse_target_options({.listen = command.listen,
                                                   .protocols = command.protocol,
                                                   .certificate_file = command.certificate,
                                                   .key_file = command.key,
                                                   .write_certificate = command.write_certificate,
                                                   .alt_svc = command.alt_svc,
                                                   .retry = command.retry,
                                                   .early_data = command.early_data,
                                                   .behaviours = command.behaviours,
                                                   .seed = command.seed});
  if (!options) {
    fmt::print(stderr, "squall target: {}\n", options.error().message());
    return kExitUsage;
  }
  auto server = generators::TargetServer::make(*options);
  if (!server) {
    fmt::print(stderr, "squall target: {}\n", server.error().message());
    return kExitError;
  }
  for (const std::string& line : (*server)->listening_lines()) fmt::print("{}\n", line);
  std::fflush(stdout);
  const Interrupts interrupts([&server](int) { (*server)->stop(); });
  (*server)->run();
  return kExitOk;
}

}  // namespace squall::cli
