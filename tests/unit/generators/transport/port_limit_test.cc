#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "generators/transport/dial.h"
#include "harness/base/unique_fd.h"

namespace squall::generators {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

constexpr int kPorts = 4;
constexpr int kAttempts = 40;

/// Makes the calling thread's own network: loopback alone, with four local ports. False, with the
/// reason in `why`, where that is not allowed.
bool enter_small_network(std::string& why) {
  const auto fail = [&why](const char* what) {
    why = std::string(what) + ": " + std::strerror(errno);  // NOLINT: one thread at a time
    return false;
  };
  if (::unshare(CLONE_NEWNET) != 0) return fail("unshare");
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq loopback{};
  std::strncpy(loopback.ifr_name, "lo", IFNAMSIZ - 1);  // NOLINT: the kernel's interface
  loopback.ifr_flags = IFF_UP;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &loopback) != 0) return fail("lo");
  std::ofstream range("/proc/sys/net/ipv4/ip_local_port_range");
  range << "40000 " << 40000 + kPorts - 1 << std::flush;
  return range.good() ? true : fail("ip_local_port_range");
}

/// How many of 40 connections to one server can be there together, in a small network.
struct Held {
  std::size_t connections = 0;
  std::string why;  ///< Of the last that failed.
  std::string no_network;
};

Held hold(const std::vector<std::string>& sources) {
  Held held;
  std::thread([&] {  // A network namespace is a thread's own.
    if (!enter_small_network(held.no_network)) return;
    asio::io_context loop(1);
    tcp::acceptor listener(loop, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 8080));
    listener.listen(2 * kAttempts);
    DialOptions options;
    options.timeout = 2s;
    options.source = *SourceAddresses::make(sources);
    TcpDialer dialer(loop, options);
    std::vector<std::unique_ptr<ByteStream>> streams;
    for (int i = 0; i < kAttempts; ++i) {
      std::optional<Dialled> dialled;
      const auto attempt = dialer.dial({"http", "127.0.0.1", 8080, "/"},
                                       [&dialled](Dialled done) { dialled = std::move(done); });
      loop.restart();
      loop.run();
      if (!dialled) continue;
      if (dialled->stream) streams.push_back(std::move(dialled->stream));
      if (!dialled->why.empty()) held.why = dialled->why;
    }
    held.connections = streams.size();
  })
      .join();
  return held;
}

TEST(PortLimit, IsThatOfOneAddressWithoutSources) {
  const Held held = hold({});
  if (!held.no_network.empty()) GTEST_SKIP() << held.no_network;
  EXPECT_EQ(held.connections, static_cast<std::size_t>(kPorts));
  EXPECT_EQ(held.why, "connect: no local port is free: Cannot assign requested address");
}

TEST(PortLimit, IsMultipliedByTheNumberOfSources) {
  const Held held = hold({"127.0.1.0/29"});
  if (!held.no_network.empty()) GTEST_SKIP() << held.no_network;
  EXPECT_EQ(held.connections, 6U * kPorts);
  EXPECT_NE(held.why.find("no port of 127.0.1."), std::string::npos) << held.why;
  EXPECT_EQ(hold({"127.0.1.0/28"}).connections, static_cast<std::size_t>(kAttempts));
}

}  // namespace
}  // namespace squall::generators
