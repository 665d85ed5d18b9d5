#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace squall::coordinator {

/// A machine on which an agent is started over ssh, for one run.
struct SshHost {
  std::string name;     ///< The agent's.
  std::string address;  ///< As ssh takes it: a name, an address or an alias of its configuration.
  std::optional<std::string> user = {};
  std::optional<std::uint16_t> port = {};
  std::map<std::string, std::string> labels = {};
  std::string squall = "squall";           ///< The program there.
  std::optional<std::string> policy = {};  ///< A file there; none: what policies begin with.
  bool sudo = false;                       ///< Started by `sudo -n`, for faults.
};

/// Who is started where, and how ssh is called.
struct SshHosts {
  std::vector<std::string> ssh{"ssh"};  ///< The program and its own options.
  std::vector<SshHost> hosts;           ///< At least one, in the order of the file.
};

/// Reads a file of hosts; `source` names the text in mistakes, which are the error's trail, a line
/// each.
Result<SshHosts> parse_ssh_hosts(std::string_view text, const std::string& source);
Result<SshHosts> read_ssh_hosts(const std::string& file);

/// The command that starts the agent of `host` and lives as long as it.
///
/// ssh leads a Unix socket there (`remote_socket`, which nobody else may open) to ours
/// (`local_socket`): what is said between the two goes through ssh alone, which has also proved who
/// they are. When the connection is cut the agent ends, and undoes, as when its coordinator dies.
std::vector<std::string> ssh_command(const SshHosts& hosts, const SshHost& host,
                                     const std::string& local_socket,
                                     const std::string& remote_socket);

}  // namespace squall::coordinator
