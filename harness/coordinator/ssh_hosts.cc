#include "harness/coordinator/ssh_hosts.h"

#include <utility>

#include <fmt/format.h>

#include "harness/base/files.h"
#include "harness/coordinator/placement.h"
#include "harness/trust/identity.h"
#include "scenarios/parse/document.h"
#include "scenarios/parse/reader.h"
#include "scenarios/parse/yaml.h"

namespace squall::coordinator {
namespace {

using scenarios::Kind;
using scenarios::MapReader;
using scenarios::Node;
using scenarios::Parsed;

/// A word that ssh cannot take for an option.
Parsed<std::string> parse_word(std::string_view text) {
  if (!text.empty() && text.front() != '-' && text.find_first_of(" \t\n") == text.npos) {
    return Parsed<std::string>::ok(std::string(text));
  }
  return Parsed<std::string>::no(scenarios::in_quotes(text) +
                                 " is no word: it is empty, has spaces or begins with a dash");
}

constexpr Kind<std::string> kWord{"a word", parse_word};

void read_labels(scenarios::Reading& reading, const Node& node, SshHost& host) {
  for (auto& [key, value] : read_texts(reading, node, "labels, such as {role: edge}")) {
    if (trust::is_name(key) && trust::is_name(value)) {
      host.labels.emplace(key, std::move(value));
    } else {
      reading.mistakes.add(node.place, scenarios::in_quotes(fmt::format("{}={}", key, value)) +
                                           " is no label: letters, digits, dots, dashes and "
                                           "underscores, at most 63 each");
    }
  }
  if (const auto weight = weight_of(host.labels); !weight) {
    reading.mistakes.add(node.place, weight.error().trail);
  }
}

SshHost read_host(scenarios::Reading& reading, const std::string& name, const Node& node) {
  SshHost host;
  host.name = name;
  host.address = name;
  if (!trust::is_name(name)) {
    reading.mistakes.add(node.place, scenarios::in_quotes(name) + " is no name of an agent");
  }
  if (node.kind == Node::Kind::kNothing) return host;
  const MapReader map(reading, node, "host " + name,
                      {"address", "user", "port", "labels", "squall", "policy", "sudo"});
  map.set(host.address, "address", kWord);
  map.set(host.user, "user", kWord);
  map.set(host.port, "port", scenarios::kPort);
  map.set(host.squall, "squall", kWord);
  map.set(host.policy, "policy", kWord);
  map.set(host.sudo, "sudo", scenarios::kBoolean);
  if (const Node* labels = map.find("labels")) read_labels(reading, *labels, host);
  return host;
}

SshHosts read_root(scenarios::Reading& reading, const Node& root) {
  SshHosts hosts;
  const MapReader map(reading, root, "file of hosts", {"ssh", "hosts"});
  if (const Node* options = map.find("ssh")) {
    for (std::string& option : read_list(reading, *options, scenarios::kLine)) {
      hosts.ssh.push_back(std::move(option));
    }
  }
  if (const Node* list = map.require("hosts", "a map of them, such as fra-1: {user: ops}")) {
    scenarios::for_each_named(reading, *list, "host",
                              [&](const std::string& name, const Node& one) {
                                hosts.hosts.push_back(read_host(reading, name, one));
                              });
  }
  return hosts;
}

/// One word for a shell, whatever is in it.
std::string shell_word(std::string_view word) {
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'') {
      text += "'\\''";
    } else {
      text += c;
    }
  }
  return text + "'";
}

}  // namespace

Result<SshHosts> parse_ssh_hosts(std::string_view text, const std::string& source) {
  SshHosts hosts;
  auto read = scenarios::read_document(text, source,
                                       [&hosts](scenarios::Reading& reading, const Node& root) {
                                         hosts = read_root(reading, root);
                                       });
  if (!read) return std::move(read).error();
  return hosts;
}

Result<SshHosts> read_ssh_hosts(const std::string& file) {
  SQUALL_TRY(const std::string text, read_file(file, scenarios::kMostText + 1));
  return parse_ssh_hosts(text, file);
}

std::vector<std::string> ssh_command(const SshHosts& hosts, const SshHost& host,
                                     const std::string& local_socket,
                                     const std::string& remote_socket) {
  std::vector<std::string> command = hosts.ssh;
  // No question may be asked, and a path that is dead must be noticed well within a lease.
  for (const char* option : {"BatchMode=yes", "ExitOnForwardFailure=yes", "ServerAliveInterval=1",
                             "ServerAliveCountMax=4", "ForwardAgent=no", "ForwardX11=no"}) {
    command.insert(command.end(), {"-o", option});
  }
  if (host.user) command.insert(command.end(), {"-l", *host.user});
  if (host.port) command.insert(command.end(), {"-p", std::to_string(*host.port)});
  command.insert(command.end(), {"-n", "-T", "-R", remote_socket + ":" + local_socket, "--"});
  command.push_back(host.address);

  std::string there = (host.sudo ? "sudo -n " : "") + shell_word(host.squall) +
                      " agent --placed --join " + shell_word("unix:" + remote_socket) + " --name " +
                      shell_word(host.name);
  for (const auto& [key, value] : host.labels)
    there += fmt::format(" --label {}", shell_word(fmt::format("{}={}", key, value)));
  if (host.policy) there += " --policy " + shell_word(*host.policy);
  // The shell there may be any, and sshd leaves the socket behind.
  there += " --quiet; ended=$?; rm -f " + shell_word(remote_socket) + "; exit $ended";
  command.push_back("exec sh -c " + shell_word(there));
  return command;
}

}  // namespace squall::coordinator
