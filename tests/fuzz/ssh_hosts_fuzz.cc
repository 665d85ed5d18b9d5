// A file of hosts: whatever it says, nothing of it becomes an option of ssh behind the address.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "harness/coordinator/ssh_hosts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace squall::coordinator;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto hosts = parse_ssh_hosts(text, "hosts.yaml");
  if (!hosts) return 0;
  if (hosts->hosts.empty()) std::abort();
  for (const SshHost& host : hosts->hosts) {
    const auto command = ssh_command(*hosts, host, "/here", "/there");
    const std::size_t words = command.size();
    if (command[words - 3] != "--" || command[words - 2].starts_with("-")) std::abort();
    if (!command.back().starts_with("exec sh -c '")) std::abort();
  }
  return 0;
}
