#include "harness/control/gate.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/result_matchers.h"

namespace squall::control {
namespace {

using namespace std::chrono_literals;

/// Connects, and begins to speak.
UniqueFd connect_to(int port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  // Where it was closed already nobody hears it.
  ::send(fd.get(), "PRI", 3, MSG_NOSIGNAL);
  return fd;
}

/// Closed by the other end, which is waited for.
bool is_shut(const UniqueFd& fd) {
  pollfd ready{.fd = fd.get(), .events = POLLIN, .revents = 0};
  char byte = 0;
  return ::poll(&ready, 1, 10'000) == 1 && ::read(fd.get(), &byte, 1) <= 0;
}

class GateTest : public testing::Test {
 protected:
  void open(const std::string& address) {
    auto opened = Gate::open(address);
    ASSERT_TRUE(ok(opened));
    gate_ = *std::move(opened);
    ASSERT_TRUE(ok(gate_->let_in(
        Strangers::Speech::kAny,
        [this](UniqueFd fd) {
          const std::lock_guard lock(mutex_);
          taken_.push_back(std::move(fd));
          changed_.notify_all();
        },
        refusals_)));
  }
  bool await(std::size_t taken) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return taken_.size() == taken; });
  }
  std::size_t let_go() {
    const std::lock_guard lock(mutex_);
    return std::exchange(taken_, {}).size();
  }

  Refusals refusals_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<UniqueFd> taken_;
  std::unique_ptr<Gate> gate_;
};

TEST_F(GateTest, HandsOnWhoConnects) {
  open("127.0.0.1:0");
  const UniqueFd one = connect_to(gate_->port());
  const UniqueFd other = connect_to(gate_->port());
  EXPECT_TRUE(await(2));
}

TEST_F(GateTest, ToAllAddressesIsOpenToBothFamilies) {
  open("0.0.0.0:0");
  const UniqueFd one = connect_to(gate_->port());
  EXPECT_TRUE(await(1));
}

TEST_F(GateTest, ThatAnotherHasCannotBeOpened) {
  open("127.0.0.1:0");
  EXPECT_TRUE(failed_with(Gate::open("127.0.0.1:" + std::to_string(gate_->port())),
                          std::errc::address_in_use));
  EXPECT_TRUE(failed_with(Gate::open("192.0.2.1:7400"), std::errc::address_not_available));
}

TEST_F(GateTest, SparesDescriptorsAndIsOpenAgainWhenThereAreSome) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  open("127.0.0.1:0");
  // Both ends are this process's, and one is kept twice: each connection takes three.
  const UniqueFd probe(::dup(0));
  rlimit few = before;
  few.rlim_cur = static_cast<rlim_t>(probe.get()) + Strangers::kSpare + 30;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  {
    std::vector<UniqueFd> crowd;
    for (int i = 0; i < 15; ++i) crowd.push_back(connect_to(gate_->port()));
    EXPECT_TRUE(is_shut(crowd.back()));
    const std::size_t taken = let_go();
    EXPECT_GT(taken, 0U);
    EXPECT_LT(taken, crowd.size());
  }
  const UniqueFd later = connect_to(gate_->port());
  EXPECT_TRUE(await(1));
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace squall::control
