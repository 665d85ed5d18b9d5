#include "harness/coordinator/socket_folder.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "harness/base/unique_fd.h"

#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

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

/// A socket at the folder's address, on which somebody listens while this lives.
UniqueFd listen_in(const fs::path& folder) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const std::string path = folder / "control";
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  EXPECT_EQ(::listen(fd.get(), 1), 0);
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::minutes(5);
  fs::last_write_time(path, long_ago);
  return fd;
}

TEST(SocketFolder, OfOneThatWasKilledIsRemovedWithTheNext) {
  const TemporaryFolder temporary;
  ::setenv("TMPDIR", temporary.path().c_str(), 1);
  const fs::path dead = temporary.path() / "squall-aBcD12";
  const fs::path alive = temporary.path() / "squall-Living";
  const fs::path other = temporary.path() / "squall-e2e-aBcD12";
  const fs::path empty = temporary.path() / "squall-Empty1";
  const fs::path young = temporary.path() / "squall-Young1";
  for (const fs::path& folder : {dead, alive, other, empty, young}) {
    fs::create_directory(folder);
    fs::permissions(folder, fs::perms::owner_all);
  }
  for (const fs::path& folder : {dead, other, young}) listen_in(folder);
  fs::last_write_time(young / "control", fs::file_time_type::clock::now());
  const UniqueFd listening = listen_in(alive);
  const auto folder = SocketFolder::make();
  ::unsetenv("TMPDIR");
  ASSERT_TRUE(ok(folder));
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_TRUE(fs::exists(alive / "control"));
  EXPECT_TRUE(fs::exists(other / "control"));
  EXPECT_TRUE(fs::exists(young / "control"));
  EXPECT_TRUE(fs::exists(empty));
}

}  // namespace
}  // namespace squall::coordinator
