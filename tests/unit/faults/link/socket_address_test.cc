#include "faults/link/socket_address.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::faults {
namespace {

TEST(SocketAddress, IsReadAndWrittenAsPeopleDo) {
  for (const std::string text : {"127.0.0.1:8443", "[::1]:443", "0.0.0.0:0"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(ok(address));
    EXPECT_EQ(address->text(), text);
  }
}

TEST(SocketAddress, RefusesWhatIsNone) {
  for (const std::string text :
       {"127.0.0.1", "edge:80", "127.0.0.1:", "127.0.0.1:70000", "::1:x"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

TEST(SocketAddress, IsToldFromOthersByItsAddressAndItsPort) {
  const auto one = *make_address("127.0.0.1", 80);
  const auto same = *make_address("127.0.0.1", 80);
  const auto other_port = *make_address("127.0.0.1", 81);
  const auto other_address = *make_address("127.0.0.2", 80);
  const auto other_family = *make_address("::1", 80);
  EXPECT_TRUE(one == same);
  EXPECT_EQ(one.key(), same.key());
  for (const auto& other : {other_port, other_address, other_family}) {
    EXPECT_FALSE(one == other);
    EXPECT_NE(one.key(), other.key());
  }
}

TEST(SocketAddress, OfANameIsLookedUp) {
  const auto addresses = resolve_address("localhost", 8080);
  ASSERT_TRUE(ok(addresses));
  ASSERT_FALSE(addresses->empty());
  EXPECT_EQ(addresses->front().port(), 8080);
}

}  // namespace
}  // namespace squall::faults
