#include "faults/spec/container_name.h"

#include <string>

#include <gtest/gtest.h>

namespace squall::faults {
namespace {

TEST(ContainerName, IsWhatEnginesAllow) {
  EXPECT_TRUE(is_container_name("web-1"));
  EXPECT_TRUE(is_container_name("Web_1.old"));
  EXPECT_TRUE(is_container_name("web-7d4b9c-x2x4z/nginx"));
  EXPECT_TRUE(is_container_name("default/web-7d4b9c-x2x4z/nginx"));
  EXPECT_TRUE(is_container_name(std::string(64, 'a')));
}

TEST(ContainerName, IsNoPathAndNothingThatATerminalWouldObey) {
  for (const std::string bad : {"", "/", "/web", "web/", "a//b", "a/b/c/d", "../web", "web 1",
                                "-web", ".web", "web\n", "\x1b[2J", "wéb"}) {
    EXPECT_FALSE(is_container_name(bad)) << bad;
  }
  EXPECT_FALSE(is_container_name(std::string(254, 'a')));
}

TEST(ContainerName, AnIdIsSixTo64Digits) {
  EXPECT_TRUE(is_container_id("abc123"));
  EXPECT_TRUE(is_container_id(std::string(64, 'f')));
  EXPECT_FALSE(is_container_id("abc12"));
  EXPECT_FALSE(is_container_id(std::string(65, 'f')));
  EXPECT_FALSE(is_container_id("ABC123"));
}

}  // namespace
}  // namespace squall::faults
