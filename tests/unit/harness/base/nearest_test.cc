#include "harness/base/nearest.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(Nearest, IsWhatTheFingerMissed) {
  const std::vector<std::string> words{"stages", "arrivals", "get"};
  EXPECT_EQ(nearest("stagse", words), "stages");
  EXPECT_EQ(nearest("arivals", words), "arrivals");
  EXPECT_EQ(nearest("gett", words), "get");
  EXPECT_EQ(nearest("x", words), "");
  EXPECT_EQ(nearest(std::string(10000, 'a'), words), "");
}

}  // namespace
}  // namespace squall
