#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "faults/network/networks.h"

namespace squall::faults {

/// The machine's own namespaces: rtnetlink by sockets, nftables by libnftables.
///
/// Another namespace is entered (setns(2)) by a thread of its own, which ends before the call
/// returns, so that no other thread is ever seen in it.
///
/// Lifecycle:  stateless.
/// Threads:    any.
/// Errors:     as Networks says; needs CAP_NET_ADMIN, for other namespaces CAP_SYS_ADMIN too.
class KernelNetworks : public Networks {
 public:
  Result<std::unique_ptr<Network>> open(std::uint64_t inode) override;
  Result<std::uint64_t> own() override;
  Result<std::uint64_t> of_process(pid_t pid) override;
  Result<std::uint64_t> of_name(const std::string& name) override;
  Result<std::vector<std::uint64_t>> all() override;
  Result<std::uint64_t> cgroup(const std::string& path) override;
  Result<std::string> default_qdisc() override;
  void pause(Duration length) override;
};

/// A new namespace that nobody else is in, to try things out; it goes when the last holds it no
/// more.
Result<std::unique_ptr<Network>> make_scratch_network();

}  // namespace squall::faults
