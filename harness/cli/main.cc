#include <csignal>
#include <cstdio>
#include <exception>

#include "harness/cli/commands.h"
#include "harness/cli/interrupts.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // What is past `ulimit -f` is an error of its write.
  squall::cli::Interrupts::block();
  try {
    return squall::cli::run_program(argc, argv);
  } catch (const std::exception& thrown) {
    std::fprintf(stderr, "squall: internal error: %s\n", thrown.what());
    return squall::cli::kExitError;
  }
}
