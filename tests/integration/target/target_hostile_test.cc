// Clients that are slow, silent or malicious: none may stop the target from serving others.
#include <memory>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "generators/target/sampling.h"
#include "harness/base/unique_fd.h"

#include "tests/integration/target/running_target.h"

namespace squall::generators {
namespace {

/// A TCP connection to the target, without any manners.
UniqueFd connect_to(const RunningTarget& target) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(target.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

void say(const UniqueFd& fd, const std::string& bytes) {
  // It may have been hung up on; that is its own affair.
  static_cast<void>(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const std::string kSettings("\0\0\0\4\0\0\0\0\0", 9);

/// HEADERS for GET /huge with END_STREAM: static table, then a literal path (RFC 7541 §6.2.2).
std::string get_huge(std::uint8_t stream) {
  const std::string block(
      "\x82\x86\x04\x05/huge\x01\x01"
      "a",
      12);
  return std::string("\0\0", 2) + static_cast<char>(block.size()) + std::string("\1\5\0\0\0", 5) +
         static_cast<char>(stream) + block;
}

TEST(HostileClient, NeitherSilenceNorNonsenseStopsTheTarget) {
  const RunningTarget target;
  RandomStream random(20261121);
  std::vector<UniqueFd> kept;
  for (int n = 0; n < 200; ++n) {
    kept.push_back(connect_to(target));
    std::string bytes;
    if (n % 4 == 1) bytes = kPreface + kSettings;            // Then random frames.
    if (n % 4 == 2) bytes = std::string("\x16\x03\x01", 3);  // Then no ClientHello.
    if (n % 4 != 0) {
      for (int at = 0; at < 300; ++at) bytes += static_cast<char>(random.next());
    }
    say(kept.back(), bytes);
  }
  EXPECT_EQ(target.curl("/", "-o /dev/null -w '%{http_code}'").output, "200");
  kept.clear();
  EXPECT_TRUE(target.wait_for("open", 1));  // The one that asks.
}

TEST(HostileClient, WhoDoesNotReadBlocksNobodyElse) {
  const RunningTarget target({"/huge: body 1GiB"});
  std::vector<UniqueFd> kept;
  for (int n = 0; n < 20; ++n) {
    kept.push_back(connect_to(target));
    // Windows as large as can be (RFC 9113 §6.5.2, §6.9), then many large answers, none read.
    std::string bytes = kPreface + std::string("\0\0\6\4\0\0\0\0\0\0\4\x7f\xff\xff\xff", 15) +
                        std::string("\0\0\4\x08\0\0\0\0\0\x7f\xff\x00\x00", 13);
    for (std::uint8_t stream = 1; stream < 100; stream = static_cast<std::uint8_t>(stream + 2)) {
      bytes += get_huge(stream);
    }
    say(kept.back(), bytes);
  }
  EXPECT_TRUE(target.wait_for("requests", 20 * 50));
  EXPECT_EQ(target.curl("/", "-o /dev/null -w '%{http_code}'").output, "200");
}

TEST(HostileClient, RequestsThatAreResetAtOnceLeaveNothingBehind) {
  const RunningTarget target({"/huge: service 5s, limit 1, queue 100"});
  const UniqueFd fd = connect_to(target);
  std::string bytes = kPreface + kSettings;
  for (std::uint8_t stream = 1; stream < 100; stream = static_cast<std::uint8_t>(stream + 2)) {
    bytes += get_huge(stream);
    bytes += std::string("\0\0\4\3\0\0\0\0", 8) + static_cast<char>(stream) +
             std::string("\0\0\0\x08", 4);  // RST_STREAM, CANCEL
  }
  say(fd, bytes);
  EXPECT_TRUE(target.wait_for("requests", 50));
  EXPECT_EQ(target.stat("queued"), 0);
  EXPECT_EQ(target.stat("in_service"), 1);  // Its worker works on, as workers do.
  EXPECT_EQ(target.stat("abandoned"), 49);
}

}  // namespace
}  // namespace squall::generators
