#include "harness/coordinator/socket_folder.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::coordinator {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(const SocketFolder& folder) {
  return fs::path(folder.address().substr(std::string("unix:").size())).parent_path();
}

TEST(SocketFolder, CanBeEnteredByItsUserAlone) {
  const auto folder = SocketFolder::make();
  ASSERT_TRUE(ok(folder));
  EXPECT_EQ(fs::status(folder_of(*folder)).permissions(), fs::perms::owner_all);
}

TEST(SocketFolder, IsGoneWithItsOwner) {
  fs::path path;
  {
    const auto folder = SocketFolder::make();
    ASSERT_TRUE(ok(folder));
    path = folder_of(*folder);
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace squall::coordinator
