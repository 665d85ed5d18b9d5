#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/core/journal.h"
#include "faults/core/recover.h"
#include "faults/network/capabilities.h"
#include "faults/network/kernel_networks.h"
#include "faults/network/network_fault.h"
#include "faults/network/network_watch.h"
#include "faults/process/procfs_table.h"
#include "harness/base/unique_fd.h"

#include "tests/support/child_process.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::faults {

/// A datagram that came, and how long it was on its way by the clocks of sender and kernel.
struct Arrival {
  std::uint32_t number = 0;
  double delay_ms = 0;
  double at_ms = 0;  ///< By the wall clock.

  double sent_ms() const { return at_ms - delay_ms; }
};

/// Two network namespaces of the test's own with a pair of veths between them, va (10.9.0.1,
/// fd09::1) and vb (10.9.0.2, fd09::2), and an agent's journal.
class Lab : public testing::Test {
 protected:
  static constexpr std::uint16_t kPort = 7777;

  void SetUp() override {
    const std::string pid = std::to_string(::getpid());
    a_ = "squall-test-a-" + pid;
    b_ = "squall-test-b-" + pid;
    run({"ip", "netns", "add", a_});
    run({"ip", "netns", "add", b_});
    run({"ip", "link", "add", "va", "netns", a_, "type", "veth", "peer", "name", "vb", "netns",
         b_});
    for (const auto& [space, device, four, six] :
         {std::tuple(a_, "va", "10.9.0.1/24", "fd09::1/64"),
          std::tuple(b_, "vb", "10.9.0.2/24", "fd09::2/64")}) {
      run({"ip", "-n", space, "address", "add", four, "dev", device});
      run({"ip", "-n", space, "address", "add", six, "dev", device, "nodad"});
      run({"ip", "-n", space, "link", "set", device, "up"});
      run({"ip", "-n", space, "link", "set", "lo", "up"});
    }
    auto capabilities = probe_this_kernel();
    ASSERT_TRUE(ok(capabilities));
    capabilities_ = *capabilities;
    auto owner = this_owner(processes_);
    ASSERT_TRUE(ok(owner));
    // So that a recovery which runs beside the test sees that the owner is alive.
    owner_ = std::to_string(owner->process.pid) + "_" + std::to_string(owner->process.start_ticks);
    auto journal = Journal::open(folder_.path(), *owner);
    ASSERT_TRUE(ok(journal));
    journal_ = *std::move(journal);
    auto space = networks_.of_name(a_);
    ASSERT_TRUE(ok(space));
    space_ = *space;
    // The first packets wait for neighbours to be found: for IPv6 a second and more, where the
    // first that asks is not heard because the link is only just coming up.
    patience_ms_ = 150;
    for (const int family : {AF_INET, AF_INET6}) {
      bool arrived = false;
      for (int attempt = 0; attempt < 50 && !arrived; ++attempt) {
        arrived = !send_across(family, 3, std::chrono::milliseconds(1)).empty();
      }
      ASSERT_TRUE(arrived) << (family == AF_INET ? "IPv4" : "IPv6");
    }
    patience_ms_ = 700;
  }

  void TearDown() override {
    if (!groups_.empty()) enter("/sys/fs/cgroup");
    for (const std::string& group : groups_) ::rmdir(folder_of(group).c_str());
    for (const std::string& space : {a_, b_}) run({"ip", "netns", "delete", space});
  }

  static void run(const std::vector<std::string>& command) {
    ChildProcess child(command);
    EXPECT_EQ(child.wait(), 0) << command.at(0) << " " << command.at(1) << " … " << command.back();
  }

  /// In va's namespace; words with one blank between them.
  void tc(const std::string& words) const {
    std::vector<std::string> command{"ip", "netns", "exec", a_, "tc"};
    std::istringstream stream(words);
    for (std::string word; stream >> word;) command.push_back(word);
    run(command);
  }

  /// On va, towards vb.
  static NetworkFault on_va() {
    NetworkFault fault;
    fault.interface = "va";
    return fault;
  }

  Result<InjectedNetworkFault> inject_it(const NetworkFault& fault) {
    const NetworkSite site{.networks = networks_,
                           .capabilities = capabilities_,
                           .space = space_,
                           .name = owner_ + "_" + std::to_string(++names_),
                           .held = &held_,
                           .probes = probes_,
                           .watch = watch_};
    return inject(site, *journal_, fault, "f", pulse_);
  }

  /// Has a shell in va's namespace carry out the plan of a fault, line by line, and then its undo.
  void follow_the_lines(const NetworkFault& fault, const std::function<void()>& in_between) {
    const NetworkSite site{.networks = networks_,
                           .capabilities = capabilities_,
                           .space = space_,
                           .name = owner_ + "_1"};
    const auto facts = look_around(site, fault);
    ASSERT_TRUE(ok(facts));
    const auto plan = plan_network(fault, *facts, site.name);
    ASSERT_TRUE(ok(plan));
    const auto carry_out = [&](const std::string& lines) {
      run({"ip", "netns", "exec", a_, "sh", "-ec", lines});
    };
    std::string lines;
    for (const NetworkChange& change : plan->changes) lines += change.line + "\n";
    carry_out(lines);
    auto network = networks_.open(space_);
    ASSERT_TRUE(ok(network));
    InPlace in_place(*plan);
    EXPECT_TRUE(ok(in_place.remember(**network)));
    in_between();
    lines.clear();
    for (const std::string& line : plan->undo_lines) lines += line + "\n";
    SCOPED_TRACE(lines);
    carry_out(lines);
  }

  /// Whatever this machine has mounted, cgroups of version 2 are at /sys/fs/cgroup from now on for
  /// this thread and those that it starts; with two of them, empty but for who enters.
  void mount_cgroups() {
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0) << std::strerror(errno);
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    const bool is_there = ::mount("none", "/sys/fs/cgroup", "cgroup2", 0, nullptr) == 0;
    ASSERT_TRUE(is_there || errno == EBUSY) << std::strerror(errno);
    for (const char* name : {"one", "two"}) {
      groups_.push_back(owner_ + name);
      ASSERT_EQ(::mkdir(folder_of(groups_.back()).c_str(), 0755), 0) << std::strerror(errno);
    }
  }
  static std::string folder_of(const std::string& group) {
    return "/sys/fs/cgroup/squall_test_" + group;
  }
  static void enter(const std::string& folder) {
    std::ofstream procs(folder + "/cgroup.procs");
    procs << ::getpid() << std::flush;
    EXPECT_TRUE(procs) << folder;
  }

  /// A socket in one of the two namespaces.
  UniqueFd socket_in(const std::string& space, int family, int type) {
    UniqueFd made;
    std::thread([&] {
      const UniqueFd at(::open(("/run/netns/" + space).c_str(), O_RDONLY | O_CLOEXEC));
      if (::setns(at.get(), CLONE_NEWNET) == 0) {
        made.reset(::socket(family, type | SOCK_CLOEXEC, 0));
      }
    }).join();
    EXPECT_TRUE(made);
    return made;
  }

  static sockaddr_storage address(int family, const char* end, std::uint16_t port) {
    sockaddr_storage storage{};
    if (family == AF_INET) {
      sockaddr_in four{};
      four.sin_family = AF_INET;
      four.sin_port = htons(port);
      ::inet_pton(AF_INET, ("10.9.0." + std::string(end)).c_str(), &four.sin_addr);
      std::memcpy(&storage, &four, sizeof four);
    } else {
      sockaddr_in6 six{};
      six.sin6_family = AF_INET6;
      six.sin6_port = htons(port);
      ::inet_pton(AF_INET6, ("fd09::" + std::string(end)).c_str(), &six.sin6_addr);
      std::memcpy(&storage, &six, sizeof six);
    }
    return storage;
  }

  static std::int64_t now_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
  }

  /// Sends datagrams from one end to the other, `gap` apart; answers with those that came within
  /// `patience` of the last one that did. A send that the kernel refuses fails the test.
  std::vector<Arrival> send_across(int family, std::uint32_t count, std::chrono::microseconds gap,
                                   std::uint16_t port = kPort, std::size_t size = 100,
                                   bool from_a = true) {
    const UniqueFd sender = socket_in(from_a ? a_ : b_, family, SOCK_DGRAM);
    const UniqueFd receiver = socket_in(from_a ? b_ : a_, family, SOCK_DGRAM);
    const int on = 1;
    const int room = 8 << 20;
    ::setsockopt(receiver.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    ::setsockopt(receiver.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    ::setsockopt(sender.get(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    const auto to = address(family, from_a ? "2" : "1", port);
    const socklen_t length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    EXPECT_EQ(::bind(receiver.get(), reinterpret_cast<const sockaddr*>(&to), length), 0);
    std::vector<Arrival> arrivals;
    std::thread reader([&] { arrivals = receive_all(receiver.get()); });
    double latest_wake = 0;
    auto next = std::chrono::steady_clock::now();
    for (std::uint32_t number = 0; number < count; ++number) {
      std::string data(size, 'x');
      const std::int64_t sent = now_ns();
      std::memcpy(data.data(), &number, sizeof number);
      std::memcpy(data.data() + sizeof number, &sent, sizeof sent);
      EXPECT_EQ(::sendto(sender.get(), data.data(), data.size(), 0,
                         reinterpret_cast<const sockaddr*>(&to), length),
                static_cast<ssize_t>(size));
      next += gap;
      const bool is_early = std::chrono::steady_clock::now() < next;
      if (gap.count() > 0) std::this_thread::sleep_until(next);
      const std::chrono::duration<double, std::milli> late =
          std::chrono::steady_clock::now() - next;
      if (is_early && gap.count() > 0) latest_wake = std::max(latest_wake, late.count());
    }
    reader.join();
    const std::lock_guard lock(wakes_);
    latest_wake_ms_ = std::max(latest_wake_ms_, latest_wake);
    return arrivals;
  }

  std::vector<Arrival> receive_all(int socket) const {
    std::vector<Arrival> arrivals;
    std::array<char, 2048> data{};
    std::array<char, 256> control{};
    while (true) {
      pollfd one{.fd = socket, .events = POLLIN, .revents = 0};
      if (::poll(&one, 1, patience_ms_) <= 0) return arrivals;
      iovec piece{data.data(), data.size()};
      msghdr message{};
      message.msg_iov = &piece;
      message.msg_iovlen = 1;
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      if (::recvmsg(socket, &message, 0) < 12) continue;
      Arrival arrival;
      std::int64_t sent = 0;
      std::memcpy(&arrival.number, data.data(), sizeof arrival.number);
      std::memcpy(&sent, data.data() + sizeof arrival.number, sizeof sent);
      timespec came{};
      for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
           part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_type == SO_TIMESTAMPNS) std::memcpy(&came, CMSG_DATA(part), sizeof came);
      }
      const std::int64_t at = came.tv_sec * 1'000'000'000LL + came.tv_nsec;
      arrival.delay_ms = static_cast<double>(at - sent) / 1e6;
      arrival.at_ms = static_cast<double>(at) / 1e6;
      arrivals.push_back(arrival);
    }
  }

  /// All qdiscs of va and all tables of ours: what must be the same afterwards.
  std::vector<std::string> state() {
    std::vector<std::string> lines;
    auto network = networks_.open(space_);
    EXPECT_TRUE(ok(network));
    const auto links = (*network)->links();
    const auto qdiscs = (*network)->qdiscs();
    const auto tables = (*network)->nft(json_to_list_tables());
    EXPECT_TRUE(ok(links) && ok(qdiscs) && ok(tables));
    for (const Link& link : *links) lines.push_back("link " + link.name);
    for (const Qdisc& one : *qdiscs) {
      lines.push_back(std::to_string(one.interface) + " " + handle_text(one.parent) + " " +
                      handle_text(one.handle) + " " + one.kind + " " + one.options);
    }
    for (const Link& link : *links) {
      const auto tree = (*network)->tree(link.index);
      EXPECT_TRUE(ok(tree));
      for (const TreePart& part : *tree) {
        lines.push_back(std::to_string(static_cast<int>(part.what)) + " " +
                        handle_text(part.parent) + " " + handle_text(part.handle) + " " +
                        std::to_string(part.info) + " " + part.kind + " " + part.options);
      }
    }
    // A kernel lists them by a hash of their handles, one chain after the other.
    std::sort(lines.begin(), lines.end());
    for (const NftTable& table : read_our_tables(*tables)) lines.push_back("table " + table.name);
    return lines;
  }

  static double mean(const std::vector<Arrival>& arrivals) {
    double sum = 0;
    for (const Arrival& one : arrivals) sum += one.delay_ms;
    return sum / static_cast<double>(arrivals.size());
  }
  static double deviation(const std::vector<Arrival>& arrivals) {
    const double around = mean(arrivals);
    double squares = 0;
    for (const Arrival& one : arrivals) {
      squares += (one.delay_ms - around) * (one.delay_ms - around);
    }
    return std::sqrt(squares / static_cast<double>(arrivals.size()));
  }
  /// How many came behind one that was sent after them.
  static std::size_t overtaken(const std::vector<Arrival>& arrivals) {
    std::size_t count = 0;
    std::uint32_t highest = 0;
    for (const Arrival& one : arrivals) {
      if (one.number < highest) ++count;
      highest = std::max(highest, one.number);
    }
    return count;
  }
  /// Five standard deviations of the number of hits among `count` trials: one test in two million
  /// fails by chance.
  static double five_sigma(double share, std::uint32_t count) {
    return 5 * std::sqrt(share * (1 - share) * count);
  }

  std::string a_;
  std::string b_;
  std::string owner_;
  std::vector<std::string> groups_;
  TemporaryFolder folder_;
  KernelNetworks networks_;
  HeldFaults held_;
  bool probes_ = false;  // Else they are among the packets that a test counts.
  std::optional<Pulse> pulse_;
  Duration watch_{};
  ProcfsTable processes_;
  Capabilities capabilities_;
  std::unique_ptr<Journal> journal_;
  std::uint64_t space_ = 0;
  std::atomic<int> names_ = 0;  // Several may come at once.
  std::mutex wakes_;            // Guards the next: several may send at once.
  /// By how much a timer has been late at most, while packets were sent.
  double latest_wake_ms_ = 0;
  int patience_ms_ = 700;  // For how long nothing comes until all is thought to have come.
};

}  // namespace squall::faults
