#include "generators/transport/udp.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

/// A socket under test and a plain one of the test's own, each connected to the other.
class UdpSocketTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto address = asio::ip::make_address(GetParam());
    peer.open(address.is_v6() ? asio::ip::udp::v6() : asio::ip::udp::v4());
    peer.bind({address, 0});
    auto made = UdpSocket::connect(peer.local_endpoint());
    ASSERT_TRUE(ok(made));
    socket.emplace(*std::move(made));
    peer.connect(socket->local());
  }

  bool is_readable() const {
    pollfd one{.fd = socket->descriptor(), .events = POLLIN, .revents = 0};
    return ::poll(&one, 1, 5000) == 1;
  }
  /// The next datagram that has come to the peer; empty when there is none.
  std::string heard() {
    std::string datagram(70'000, '\0');
    pollfd one{.fd = peer.native_handle(), .events = POLLIN, .revents = 0};
    if (::poll(&one, 1, 5000) != 1) return {};
    datagram.resize(peer.receive(asio::buffer(datagram)));
    return datagram;
  }

  asio::io_context loop{1};
  asio::ip::udp::socket peer{loop};
  std::optional<UdpSocket> socket;
  std::array<char, 65'536> buffer{};
};

TEST_P(UdpSocketTest, CutsABurstIntoDatagrams) {
  const std::string burst = std::string(1200, 'a') + std::string(1200, 'b') + "c";
  for (const bool by_the_kernel : {true, false}) {
    SCOPED_TRACE(by_the_kernel);
    if (!by_the_kernel) socket->do_not_cut();
    const IoStep step = socket->send(burst, 1200, Ecn::kEct0);
    EXPECT_EQ(step.kind, IoStep::Kind::kDone);
    EXPECT_EQ(step.bytes, burst.size());
    EXPECT_EQ(heard(), std::string(1200, 'a'));
    EXPECT_EQ(heard(), std::string(1200, 'b'));
    EXPECT_EQ(heard(), "c");
  }
  EXPECT_EQ(socket->sent(), 2 * burst.size());
}

TEST_P(UdpSocketTest, SendsOneByOneFromWhenTheKernelRefusesToCut) {
  // Without checksums there is nothing that a device could be left to cut: udp(7), EINVAL or EIO.
  constexpr int kNoChecksumOfV6 = 101;  // linux/udp.h: UDP_NO_CHECK6_TX.
  const int on = 1;
  const bool v6 = socket->local().address().is_v6();
  ASSERT_EQ(::setsockopt(socket->descriptor(), v6 ? IPPROTO_UDP : SOL_SOCKET,
                         v6 ? kNoChecksumOfV6 : SO_NO_CHECK, &on, sizeof on),
            0);
  if (v6) {  // Such datagrams are taken only by who says so.
    constexpr int kTakesNoChecksum = 102;
    ASSERT_EQ(::setsockopt(peer.native_handle(), IPPROTO_UDP, kTakesNoChecksum, &on, sizeof on), 0);
  }
  const std::string burst = std::string(1200, 'a') + std::string(1200, 'b') + "c";
  EXPECT_TRUE(socket->cuts());
  const IoStep step = socket->send(burst, 1200, Ecn::kNone);
  EXPECT_EQ(step.kind, IoStep::Kind::kDone);
  EXPECT_EQ(step.bytes, burst.size());
  EXPECT_FALSE(socket->cuts());
  EXPECT_EQ(heard(), std::string(1200, 'a'));
  EXPECT_EQ(heard(), std::string(1200, 'b'));
  EXPECT_EQ(heard(), "c");
  EXPECT_EQ(socket->sent(), burst.size());
}

TEST_P(UdpSocketTest, CountsOnWhereItTakesTheStead) {
  EXPECT_EQ(socket->send(std::string_view("hello"), 5, Ecn::kNone).kind, IoStep::Kind::kDone);
  auto other = UdpSocket::connect(socket->remote());
  ASSERT_TRUE(ok(other));
  other->follow(*socket);
  EXPECT_NE(other->local(), socket->local());
  EXPECT_EQ(other->sent(), 5U);
}

TEST_P(UdpSocketTest, CountsWhatComesHoweverManyAtATime) {
  for (int i = 0; i < 3; ++i) peer.send(asio::buffer(std::string(100, 'x')));
  std::uint64_t bytes = 0;
  while (bytes < 300 && is_readable()) {
    const UdpSocket::Received got = socket->receive(buffer);
    ASSERT_EQ(got.kind, IoStep::Kind::kDone);
    EXPECT_EQ(got.segment, 100U);
    bytes += got.bytes;
  }
  EXPECT_EQ(socket->received(), 300U);
  EXPECT_EQ(socket->datagrams(), 3U);
  EXPECT_EQ(socket->dropped(), 0U);
  EXPECT_EQ(socket->receive(buffer).kind, IoStep::Kind::kWantRead);
}

TEST_P(UdpSocketTest, CountsWhatTheKernelHadNoRoomFor) {
  constexpr std::uint64_t kSent = 20'000;  // Each takes a kilobyte or more of the buffer.
  for (std::uint64_t i = 0; i < kSent; ++i) peer.send(asio::buffer(std::string(1000, 'x')));
  while (socket->receive(buffer).kind == IoStep::Kind::kDone) {
  }
  const std::uint64_t came = socket->datagrams();
  EXPECT_LT(came, kSent);
  EXPECT_EQ(socket->dropped(), 0U) << "what came last was there before anything was dropped";
  peer.send(asio::buffer(std::string(1000, 'x')));
  ASSERT_TRUE(is_readable());
  EXPECT_EQ(socket->receive(buffer).kind, IoStep::Kind::kDone);
  EXPECT_EQ(came + socket->dropped(), kSent);
}

TEST_P(UdpSocketTest, SeesThatNobodyListens) {
  peer.close();
  socket->send(std::string("hello"), 5, Ecn::kNone);
  ASSERT_TRUE(is_readable());
  EXPECT_EQ(socket->receive(buffer).kind, IoStep::Kind::kFailed);
  EXPECT_EQ(socket->error_text(), "Connection refused");
}

INSTANTIATE_TEST_SUITE_P(Loopback, UdpSocketTest, testing::Values("127.0.0.1", "::1"),
                         [](const auto& address) {
                           return std::string(address.param) == "::1" ? "Ipv6" : "Ipv4";
                         });

}  // namespace
}  // namespace squall::generators
