#include "harness/control/address.h"

#include <string>
#include <system_error>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "harness/base/unique_fd.h"

#include "tests/support/result_matchers.h"

namespace squall::control {
namespace {

/// A port of loopback that is bound, and listened on where the test says so.
class Port {
 public:
  Port() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&name), size), 0);
    EXPECT_EQ(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
    address_ = "127.0.0.1:" + std::to_string(ntohs(name.sin_port));
  }
  void listen() const { EXPECT_EQ(::listen(fd_.get(), 1), 0); }
  const std::string& address() const { return address_; }

 private:
  UniqueFd fd_;
  std::string address_;
};

std::string mistake(const std::string& address) {
  const auto checked = check_address(address);
  return checked ? "" : checked.error().trail;
}

TEST(Address, IsAHostAndAPortOrASocket) {
  for (const char* good : {"127.0.0.1:7400", "0.0.0.0:1", "[::1]:65535", "[fe80::1%eth0]:7400",
                           "coordinator.squall.svc:7400", "a_b-c:7400", "unix:/tmp/x"}) {
    EXPECT_EQ(mistake(good), "") << good;
  }
}

TEST(Address, WithoutAPortOrWithOneThatIsNoneIsRefused) {
  EXPECT_EQ(mistake("127.0.0.1"),
            "127.0.0.1: there is no port: expected HOST:PORT, such as 127.0.0.1:7400");
  EXPECT_EQ(mistake("[::1]"), "[::1]: there is no port: expected HOST:PORT, such as [::1]:7400");
  EXPECT_EQ(mistake("127.0.0.1:99999"),
            "127.0.0.1:99999: port \"99999\": expected a number from 1 to 65535");
  for (const char* port : {"", "0", "-1", "+1", "7400x", " 1", "http", "99999999999999999999"}) {
    EXPECT_EQ(mistake(std::string("h:") + port), std::string("h:") + port + ": port \"" + port +
                                                     "\": expected a number from 1 to 65535");
  }
}

TEST(Address, WithoutAHostThatCanBeOneIsRefused) {
  for (const char* bad :
       {":7400", "127.0.0.1.5:7400", "300.1.1.1:1", "a b:1", "http://h:7400", "dns:///h:1",
        "[127.0.0.1]:1", "[]:1", "[::1:7400", "unix:", "a:b:1", "ho/st:1"}) {
    EXPECT_NE(mistake(bad), "") << bad;
  }
  EXPECT_NE(mistake("unix:/" + std::string(200, 'x')), "");
}

TEST(Address, OfIPv6IsAskedForInBrackets) {
  EXPECT_NE(mistake("::1:7400").find("[::1]:7400"), std::string::npos) << mistake("::1:7400");
}

TEST(Address, WhereNobodyListensRefusesConnections) {
  const Port port;
  EXPECT_EQ(why_not_reached(port.address(), 1000), "Connection refused");
  port.listen();
  EXPECT_EQ(why_not_reached(port.address(), 1000), "");
}

TEST(Endpoint, IsReadFromHowGrpcCallsAPeer) {
  EXPECT_EQ(endpoint_of("ipv4:10.0.0.1:4711"), "10.0.0.1:4711");
  EXPECT_EQ(endpoint_of("ipv6:%5B::1%5D:4711"), "[::1]:4711");
  EXPECT_EQ(endpoint_of("ipv6:%5Bfe80::1%252%5D:4711"), "[fe80::1%2]:4711");
  EXPECT_EQ(endpoint_of("unix:/tmp/control"), "");
}

}  // namespace
}  // namespace squall::control
