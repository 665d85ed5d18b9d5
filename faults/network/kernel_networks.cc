#include "faults/network/kernel_networks.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <nftables/libnftables.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "faults/network/kernel_probe_path.h"
#include "faults/network/netlink_message.h"
#include "faults/spec/traffic.h"
#include "harness/base/reason.h"
#include "harness/base/unique_fd.h"

namespace squall::faults {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNamedNamespaces = "/run/netns";
constexpr const char* kOwnNamespace = "/proc/thread-self/ns/net";
constexpr std::size_t kLongestAnswer = 64U << 10U;

Error last_error(std::string_view doing) { return error(static_cast<std::errc>(errno), doing); }

std::optional<std::uint64_t> inode_of(const fs::path& file) {
  struct stat seen {};
  if (::stat(file.c_str(), &seen) != 0) return {};
  return seen.st_ino;
}

/// Calls `visit` with each file that stands for a namespace, until it says that it has enough.
void for_each_namespace(const std::function<bool(const fs::path&)>& visit) {
  if (visit(kOwnNamespace)) return;
  std::error_code ignored;  // What ends meanwhile is passed over.
  for (const auto& named : fs::directory_iterator(kNamedNamespaces, ignored)) {
    if (visit(named.path())) return;
  }
  for (const auto& process : fs::directory_iterator("/proc", ignored)) {
    const std::string name = process.path().filename();
    if (std::isdigit(static_cast<unsigned char>(name.front())) == 0) continue;
    if (visit(process.path() / "ns/net")) return;
  }
}

/// Runs `work` on a thread of its own in the namespace of `fd`.
template <typename Work>
auto in_namespace(int fd, Work work) -> decltype(work()) {
  std::optional<decltype(work())> answer;
  std::thread([&] {
    if (::setns(fd, CLONE_NEWNET) != 0) {
      answer.emplace(last_error("enter a network namespace"));
    } else {
      answer.emplace(work());
    }
  }).join();
  return *std::move(answer);
}

Result<UniqueFd> open_route_socket() {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return last_error("speak with rtnetlink");
  const int on = 1;
  ::setsockopt(socket.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  ::setsockopt(socket.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  return socket;
}

/// The kernel's refusal, with the words that it gave for it (NLMSGERR_ATTR_MSG).
Error refusal(std::string_view message) {
  const auto report = read_plain<nlmsgerr>(message_body(message));
  const auto errc = static_cast<std::errc>(-report.error);
  const bool has_words = (read_plain<nlmsghdr>(message).nlmsg_flags & NLM_F_ACK_TLVS) != 0;
  std::string words;
  if (has_words && message_body(message).size() > sizeof(nlmsgerr)) {
    const auto attributes = read_attributes(message_body(message).substr(sizeof(nlmsgerr)));
    if (const auto said = attributes.find(NLMSGERR_ATTR_MSG); said != attributes.end()) {
      words = said->second.substr(0, said->second.find('\0'));
    }
  }
  return error(errc, words);
}

class KernelNetwork : public Network {
 public:
  KernelNetwork(UniqueFd space, UniqueFd route)
      : space_(std::move(space)), route_(std::move(route)) {}

  Result<std::vector<Link>> links() override {
    std::vector<Link> all;
    auto asked = ask(message_to_list_links(), [&](std::string_view answer) {
      if (auto link = read_link(answer)) all.push_back(*std::move(link));
    });
    if (!asked) return std::move(asked).error().within("list interfaces");
    return all;
  }

  Result<std::vector<Qdisc>> qdiscs() override {
    std::vector<Qdisc> all;
    auto asked = ask(message_to_list_qdiscs(), [&](std::string_view answer) {
      if (auto qdisc = read_qdisc(answer)) all.push_back(*std::move(qdisc));
    });
    if (!asked) return std::move(asked).error().within("list qdiscs");
    return all;
  }

  Result<std::vector<TrafficClass>> classes(int interface) override {
    std::vector<TrafficClass> all;
    auto asked = ask(message_to_list_classes(interface), [&](std::string_view answer) {
      if (auto one = read_class(answer)) all.push_back(*std::move(one));
    });
    if (!asked) return std::move(asked).error().within("list classes");
    return all;
  }

  Result<std::vector<TreePart>> tree(int interface) override {
    std::vector<TreePart> all;
    std::vector<std::uint32_t> parents;  // Where filters may be.
    const auto list = [&](const std::string& request) {
      return ask(request, [&](std::string_view answer) {
        if (read_plain<tcmsg>(message_body(answer)).tcm_ifindex != interface) return;
        const auto qdisc = read_qdisc(answer);
        if (qdisc && qdisc->is_root()) parents.push_back(qdisc->handle);
        if (auto part = read_tree_part(answer)) all.push_back(*std::move(part));
      });
    };
    if (auto listed = list(message_to_list_qdiscs()); !listed) return std::move(listed).error();
    if (auto listed = list(message_to_list_classes(interface)); !listed) {
      return std::move(listed).error();
    }
    for (const TreePart& part : all) parents.push_back(part.handle);
    for (const std::uint32_t parent : parents) {
      if (auto listed = list(message_to_list_filters(interface, parent)); !listed) {
        // A qdisc without classes has no filters either.
        if (listed.error().code == std::errc::not_supported) continue;
        if (listed.error().code == std::errc::invalid_argument) continue;
        return std::move(listed).error();
      }
    }
    return all;
  }

  Result<std::unique_ptr<ProbePath>> probe_path(int interface, std::uint32_t class_id) override {
    return in_namespace(space_.get(), [&] { return open_probe_path(interface, class_id); });
  }

  Result<void> change(std::string_view message) override {
    return ask(std::string(message), [](std::string_view) {});
  }

  Result<std::string> nft(const std::string& commands) override {
    // libnftables keeps a list of interfaces for the whole process.
    static std::mutex one_at_a_time;
    const std::lock_guard lock(one_at_a_time);
    return in_namespace(space_.get(), [&]() -> Result<std::string> {
      // libnftables ends the whole program where the kernel has no such sockets.
      if (!UniqueFd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER))) {
        return error(std::errc::protocol_not_supported, "speak with nftables");
      }
      nft_ctx* context = ::nft_ctx_new(NFT_CTX_DEFAULT);
      if (context == nullptr) return error(std::errc::not_enough_memory, "speak with nftables");
      ::nft_ctx_output_set_flags(context, NFT_CTX_OUTPUT_JSON);
      ::nft_ctx_buffer_output(context);
      ::nft_ctx_buffer_error(context);
      errno = 0;
      const int failed = ::nft_run_cmd_from_buffer(context, commands.c_str());
      const int why = errno;
      std::string answer(::nft_ctx_get_output_buffer(context));
      std::string words(::nft_ctx_get_error_buffer(context));
      ::nft_ctx_free(context);
      if (failed == 0) return answer;
      words.resize(std::min(words.size(), words.find('\n')));
      const bool known = why != 0;
      return error(known ? static_cast<std::errc>(why) : std::errc::not_supported,
                   "nftables: " + words);
    });
  }

 private:
  /// Sends a request, gives each message of the answer to `take`, until its end.
  Result<void> ask(std::string message, const std::function<void(std::string_view)>& take) {
    const std::uint32_t sequence = ++sequence_;
    std::memcpy(message.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof sequence);
    if (::send(route_.get(), message.data(), message.size(), 0) < 0) return last_error("send");
    std::string buffer(kLongestAnswer, '\0');
    while (true) {
      const ssize_t got = ::recv(route_.get(), buffer.data(), buffer.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return last_error("receive");
      std::string_view left(buffer.data(), static_cast<std::size_t>(got));
      while (left.size() >= sizeof(nlmsghdr)) {
        const auto header = read_plain<nlmsghdr>(left);
        if (header.nlmsg_len < sizeof(nlmsghdr) || header.nlmsg_len > left.size()) break;
        const std::string_view one = left.substr(0, header.nlmsg_len);
        left.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), left.size()));
        if (header.nlmsg_seq != sequence) continue;  // Of a request that was given up.
        if (header.nlmsg_type == NLMSG_DONE) return {};
        if (header.nlmsg_type == NLMSG_ERROR) {
          if (read_plain<nlmsgerr>(message_body(one)).error == 0) return {};
          return refusal(one);
        }
        take(one);
      }
    }
  }

  UniqueFd space_;
  UniqueFd route_;
  std::uint32_t sequence_ = 0;
};

Result<std::unique_ptr<Network>> open_at(UniqueFd space) {
  auto route = in_namespace(space.get(), [] { return open_route_socket(); });
  if (!route) return std::move(route).error();
  return std::unique_ptr<Network>(
      std::make_unique<KernelNetwork>(std::move(space), *std::move(route)));
}

/// The kind of root that an interface of one queue gets.
Result<std::string> default_of_new_interface() {
  constexpr int kIndex = 1000;
  SQUALL_TRY(const auto scratch, make_scratch_network());
  if (auto added = scratch->change(message_to_add_ifb("squall0", kIndex)); !added) {
    return std::move(added).error();
  }
  if (auto up = scratch->change(message_to_set_up(kIndex)); !up) return std::move(up).error();
  SQUALL_TRY(const auto qdiscs, scratch->qdiscs());
  for (const Qdisc& qdisc : qdiscs) {
    if (qdisc.interface == kIndex && qdisc.is_root()) return qdisc.kind;
  }
  return error(std::errc::no_such_file_or_directory, "a new interface has none");
}

Result<std::uint64_t> inode_or_error(const fs::path& file, const std::string& doing) {
  if (const auto inode = inode_of(file)) return *inode;
  return last_error(doing);
}

}  // namespace

Result<std::unique_ptr<Network>> KernelNetworks::open(std::uint64_t inode) {
  UniqueFd space;
  for_each_namespace([&](const fs::path& file) {
    if (inode_of(file) != inode) return false;
    space.reset(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    return static_cast<bool>(space);
  });
  if (!space) {
    return error(std::errc::no_such_file_or_directory,
                 "network namespace " + std::to_string(inode));
  }
  return open_at(std::move(space));
}

Result<std::uint64_t> KernelNetworks::own() {
  return inode_or_error(kOwnNamespace, "find this network namespace");
}

Result<std::uint64_t> KernelNetworks::of_process(pid_t pid) {
  return inode_or_error("/proc/" + std::to_string(pid) + "/ns/net",
                        "find the network namespace of process " + std::to_string(pid));
}

Result<std::uint64_t> KernelNetworks::of_name(const std::string& name) {
  const fs::path file = fs::path(kNamedNamespaces) / name;
  if (const auto inode = inode_of(file)) return *inode;
  if (errno == ENOENT) {
    return reason(std::errc::no_such_file_or_directory, "there is no network namespace " + name);
  }
  return last_error("find network namespace " + name);
}

Result<std::vector<std::uint64_t>> KernelNetworks::all() {
  std::set<std::uint64_t> found;
  for_each_namespace([&](const fs::path& file) {
    if (const auto inode = inode_of(file)) found.insert(*inode);
    return false;
  });
  return std::vector<std::uint64_t>(found.begin(), found.end());
}

Result<std::uint64_t> KernelNetworks::cgroup(const std::string& path) {
  // Where libnftables looks, and nowhere else.
  const fs::path root = "/sys/fs/cgroup";
  struct statfs mounted {};
  if (::statfs(root.c_str(), &mounted) != 0 || mounted.f_type != CGROUP2_SUPER_MAGIC) {
    return reason(std::errc::not_supported,
                  "this machine has no cgroups of version 2 at " + root.string() +
                      ", by which the packets of a cgroup are told from others");
  }
  const auto group = root / without_slashes_around(path);
  const auto inode = inode_of(group);
  if (!inode || !fs::exists(group / "cgroup.procs")) {
    return reason(std::errc::no_such_file_or_directory, "there is no cgroup " + group.string());
  }
  return *inode;
}

Result<std::string> KernelNetworks::default_qdisc() {
  std::ifstream file("/proc/sys/net/core/default_qdisc");
  std::string kind;
  file >> kind;
  if (!kind.empty()) return kind;
  // Only the first namespace shows it: elsewhere a new interface tells.
  auto told = default_of_new_interface();
  if (!told) return std::move(told).error().within("find the kernel's default qdisc");
  return told;
}

void KernelNetworks::pause(Duration length) { std::this_thread::sleep_for(length); }

Result<std::unique_ptr<Network>> make_scratch_network() {
  Result<UniqueFd> space = UniqueFd();
  std::thread([&] {
    if (::unshare(CLONE_NEWNET) != 0) {
      space = last_error("make a network namespace");
      return;
    }
    UniqueFd own(::open(kOwnNamespace, O_RDONLY | O_CLOEXEC));
    if (own) {
      space = std::move(own);
    } else {
      space = last_error("make a network namespace");
    }
  }).join();
  if (!space) return std::move(space).error();
  return open_at(*std::move(space));
}

}  // namespace squall::faults
