#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults/spec/fault_spec.h"
#include "generators/spec/target_spec.h"
#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::agent {

/// What an agent may be told to do, and by whom. It lies on the agent's own machine, and no
/// coordinator can widen it. As it is made it forbids all faults, and lets load go to loopback.
///
/// Lifecycle:  a value; made or read once, before the agent joins anybody.
/// Threads:    any may read it.
/// Errors:     read() and parse() tell every mistake of a file.
struct Policy {
  std::vector<std::string> coordinators{"main"};  ///< By the names in their certificates.
  /// Addresses, and blocks of them, to which load may go.
  std::vector<std::string> load_to{"127.0.0.0/8", "::1"};
  /// As scenarios call them: "process", "network", "link", "cpu".
  std::vector<std::string> kinds;
  std::vector<std::string> interfaces;  ///< That faults of the network may touch.
  std::vector<std::string> processes;   ///< That faults may hit, by the kernel's name of them.
  Duration longest = std::chrono::minutes(1);  ///< Of a fault.
  std::optional<Duration> delay;               ///< At most, with the jitter.
  std::optional<Share> loss;                   ///< At most, with what is corrupted.
  /// At least. Where delay or loss is limited and this is not said, no rate may be asked for.
  std::optional<double> rate_bits_per_second;

  /// `source` names the text in mistakes, which are the error's trail, a line each.
  static Result<Policy> parse(std::string_view text, const std::string& source);
  static Result<Policy> read(const std::string& file);

  /// What of it forbids this, in words; nothing: it may be done. A target's hosts must be
  /// addresses, or stand in its `resolve`: see pin_addresses().
  std::vector<std::string> against(const generators::TargetSpec& target) const;
  std::vector<std::string> against(const faults::FaultSpec& fault) const;
};

/// Whether `address` is in `block` ("10.0.0.0/8", "::1"). An IPv4 address within IPv6 is the IPv4
/// one. Nothing that is no address is in any block.
bool is_within(const std::string& address, const std::string& block);

/// Looks each host of `target` up that is no address and not in its `resolve`, and puts what was
/// found there, so that connections go nowhere else.
Result<void> pin_addresses(generators::TargetSpec& target);

}  // namespace squall::agent
