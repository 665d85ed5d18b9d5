#include <atomic>
#include <csignal>
#include <map>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "faults/core/reaper.h"
#include "faults/network/capabilities.h"
#include "faults/network/kernel_networks.h"
#include "faults/pressure/pressing.h"
#include "faults/process/procfs_table.h"
#include "harness/agent/agent.h"
#include "harness/agent/witness.h"
#include "harness/base/log.h"
#include "harness/base/reason.h"
#include "harness/cli/commands.h"
#include "harness/cli/fleet_options.h"
#include "harness/cli/interrupts.h"
#include "harness/control/address.h"
#include "harness/coordinator/placement.h"
#include "harness/trust/known_name.h"
#include "harness/trust/own_certificate.h"

namespace squall::cli {

int agent(const AgentCommand& command) {
  if (command.probe) {
    const auto capabilities = faults::probe_this_kernel();
    if (!capabilities) {
      fmt::print(stderr, "squall agent: {}\n", capabilities.error().message());
      return kExitError;
    }
    for (const std::string& line : faults::describe(*capabilities)) fmt::print("{}\n", line);
    return kExitOk;
  }
  if (command.join.empty()) {
    fmt::print(stderr, "--join is required\nRun with --help for more information.\n");
    return kExitUsage;
  }
  if (const auto address = control::check_address(command.join); !address) {
    fmt::print(stderr, "--join {}\n", address.error().trail);
    return kExitUsage;
  }
  if (!trust::is_name(command.name)) {
    fmt::print(stderr, "--name {}: expected 1 to 63 letters, digits, '.', '-' or '_'\n",
               command.name.empty() ? "\"\"" : command.name);
    return kExitUsage;
  }
  set_up_log(command.quiet ? LogLevel::kQuiet : LogLevel::kNormal, command.name);
  auto credentials = read_credentials(command.credentials, trust::Identity::Role::kAgent);
  if (!credentials) {
    const Error& failure = credentials.error();
    fmt::print(stderr, "squall agent: {}\n", in_words(failure));
    return kExitUsage;
  }
  agent::AgentOptions options{.join = command.join,
                              .credentials = *std::move(credentials),
                              .policy = {},
                              .name = command.name,
                              .labels = {},
                              .squall_program = this_program()};
  std::map<std::string, std::string> pinned;  // Labels, in its certificate.
  if (options.credentials) {
    // What is kept of a run has the name by which the coordinator knows this agent.
    const auto self = trust::check_own(options.credentials->own, trust::Identity::Role::kAgent);
    if (self) options.name = trust::known_name(*self, command.name);
    if (self) pinned = self->labels;
  }
  if (!options.join.starts_with("unix:") || command.is_placed) options.policy.emplace();
  if (command.policy) {
    auto policy = agent::Policy::read(*command.policy);
    if (!policy) {
      fmt::print(stderr, "{}\n", in_words(policy.error()));
      return kExitUsage;
    }
    options.policy = *std::move(policy);
  }
  if (!options.credentials && !control::is_on_this_machine(options.join)) {
    fmt::print(stderr, "--join {}: needs --ca, --cert and --key: squall certs makes them\n",
               options.join);
    return kExitUsage;
  }
  auto labels = read_labels(command.labels);
  if (!labels) {
    fmt::print(stderr, "{}\n", labels.error().trail);
    return kExitUsage;
  }
  options.labels = *std::move(labels);
  if (const auto weight = coordinator::weight_of(pinned); !weight) {
    fmt::print(stderr, "squall agent: {}: {}\n", command.credentials.certificate,
               weight.error().trail);
    return kExitUsage;
  }
  std::atomic<bool> stop = false;
  const Interrupts interrupts([&stop](int) { stop = true; });
  if (auto attended = agent::attend(options, stop); !attended) {
    log_error(in_words(attended.error()));
    return kExitError;
  }
  return kExitOk;
}

int reaper(const std::string& journal, int fd) {
  // It outlives what ends others: neither a hang-up nor a Ctrl-C is meant for it.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_IGN);
  Interrupts::unblock();
  faults::ProcfsTable processes;
  faults::KernelNetworks networks;
  return faults::run_reaper(fd, journal, processes, &networks);
}

int witness() {
  // What is meant for the agent is not meant for it.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_IGN);
  Interrupts::unblock();
  set_up_log(LogLevel::kQuiet, "witness");
  return agent::run_witness();
}

int pressure(const std::vector<std::string>& order, int line) {
  const auto read = faults::read_order(order);
  if (!read) {
    fmt::print(stderr, "squall {}\n", read.error().message());
    return kExitUsage;
  }
  Interrupts::unblock();  // Who sends it a TERM means it.
  return faults::press(line, *read);
}

}  // namespace squall::cli
