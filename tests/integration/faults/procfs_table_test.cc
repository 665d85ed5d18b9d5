#include "faults/process/procfs_table.h"

#include <algorithm>
#include <csignal>
#include <cstdint>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/unique_fd.h"

#include "tests/support/child_process.h"
#include "tests/support/result_matchers.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::Not;

/// A socket of `kind` on a port of the kernel's choice, and that port.
std::pair<UniqueFd, std::uint16_t> bound(int kind) {
  UniqueFd socket(::socket(AF_INET, kind | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(socket.get(), generic, size), 0);
  EXPECT_EQ(::getsockname(socket.get(), generic, &size), 0);
  return {std::move(socket), ntohs(address.sin_port)};
}

TEST(ProcfsTable, SeesItselfUnderANameThatDeceives) {
  ASSERT_EQ(::prctl(PR_SET_NAME, "a) S 1 (b"), 0);
  ProcfsTable table;
  const auto self = table.look_up(::getpid());
  ::prctl(PR_SET_NAME, "test");
  ASSERT_TRUE(ok(self));
  EXPECT_EQ((*self).name, "a) S 1 (b");
  EXPECT_EQ((*self).parent, ::getppid());
  EXPECT_EQ((*self).session, ::getsid(0));
  const auto all = table.list();
  ASSERT_TRUE(ok(all));
  EXPECT_TRUE(std::any_of((*all).begin(), (*all).end(),
                          [&](const ProcessInfo& one) { return one.id == (*self).id; }));
}

TEST(ProcfsTable, SignalsAProcessAndSeesIt) {
  const ChildProcess child({"sleep", "1000"});
  ProcfsTable table;
  const auto info = table.look_up(child.pid());
  ASSERT_TRUE(ok(info));
  ASSERT_TRUE(ok(table.signal((*info).id, SIGSTOP)));
  EXPECT_TRUE(eventually(20s, [&] {
    auto now = table.look_at((*info).id);
    return now && now->is_stopped();
  }));
}

TEST(ProcfsTable, NeverSignalsAnotherProcessThatHasThePidNow) {
  const ChildProcess child({"sleep", "1000"});
  ProcfsTable table;
  const auto info = table.look_up(child.pid());
  ASSERT_TRUE(ok(info));
  ProcessId before = (*info).id;
  before.start_ticks -= 1;  // As if the pid had been given away since.
  EXPECT_TRUE(is_gone(table.signal(before, SIGKILL)));
  EXPECT_TRUE(is_gone(table.look_at(before)));
  EXPECT_TRUE(ok(table.look_at((*info).id)));
}

TEST(ProcfsTable, KnowsThatAProcessIsGone) {
  ChildProcess child({"sleep", "1000"});
  ProcfsTable table;
  const auto info = table.look_up(child.pid());
  ASSERT_TRUE(ok(info));
  child.kill();
  EXPECT_TRUE(is_gone(table.look_at((*info).id)));
  EXPECT_TRUE(is_gone(table.signal((*info).id, SIGTERM)));
}

TEST(ProcfsTable, LimitsTheFilesOfAnotherProcessAndLeavesItsHardLimit) {
  const ChildProcess child({"sleep", "1000"});
  ProcfsTable table;
  const auto info = table.look_up(child.pid());
  ASSERT_TRUE(ok(info));
  const auto before = table.files_limit((*info).id);
  ASSERT_TRUE(ok(before));
  ASSERT_GT((*before).soft, 20U);
  EXPECT_GE((*before).open, 3U);
  ASSERT_TRUE(ok(table.limit_files((*info).id, 20)));
  const auto now = table.files_limit((*info).id);
  ASSERT_TRUE(ok(now));
  EXPECT_EQ((*now).soft, 20U);
  EXPECT_EQ((*now).hard, (*before).hard);
  ProcessId another = (*info).id;
  another.start_ticks -= 1;
  EXPECT_TRUE(is_gone(table.limit_files(another, 30)));
  EXPECT_TRUE(is_gone(table.files_limit(another)));
}

TEST(ProcfsTable, FindsWhoListens) {
  ProcfsTable table;
  const auto self = table.look_up(::getpid());
  ASSERT_TRUE(ok(self));
  const auto [tcp, tcp_port] = bound(SOCK_STREAM);
  auto found = table.listening_on(tcp_port);
  ASSERT_TRUE(ok(found));
  EXPECT_THAT(*found, Not(Contains((*self).id)));
  ASSERT_EQ(::listen(tcp.get(), 1), 0);
  found = table.listening_on(tcp_port);
  ASSERT_TRUE(ok(found));
  EXPECT_THAT(*found, Contains((*self).id));

  const auto [udp, udp_port] = bound(SOCK_DGRAM);
  found = table.listening_on(udp_port);
  ASSERT_TRUE(ok(found));
  EXPECT_THAT(*found, Contains((*self).id));
}

}  // namespace
}  // namespace squall::faults
