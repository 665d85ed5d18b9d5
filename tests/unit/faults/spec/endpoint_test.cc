#include "faults/spec/endpoint.h"

#include <gtest/gtest.h>

namespace squall::faults {
namespace {

TEST(Endpoint, IsReadWithItsPort) {
  EXPECT_EQ(read_endpoint("10.0.0.1:7400"), (Endpoint{"10.0.0.1", 7400}));
  EXPECT_EQ(read_endpoint("[fd00:0::1]:1"), (Endpoint{"fd00::1", 1}));
  EXPECT_EQ(read_endpoint("[::ffff:10.0.0.1]:7400"), (Endpoint{"10.0.0.1", 7400}));
  EXPECT_EQ(in_words(*read_endpoint("[fd00::1]:7400")), "[fd00::1]:7400");
  EXPECT_EQ(in_words(*read_endpoint("10.0.0.1:7400")), "10.0.0.1:7400");
}

TEST(Endpoint, IsNothingElse) {
  for (const char* text :
       {"", ":", "10.0.0.1", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:80x", "name:80",
        "fd00::1:80", "[fd00::1]", "[fd00::1:80", "[10.0.0.1]:80", "unix:/run/a"}) {
    EXPECT_FALSE(read_endpoint(text)) << text;
  }
}

}  // namespace
}  // namespace squall::faults
