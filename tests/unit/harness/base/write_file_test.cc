#include "harness/base/write_file.h"

#include <csignal>
#include <string>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "harness/base/files.h"

#include "tests/support/temporary_folder.h"

namespace squall {
namespace {

TEST(WriteFile, ReplacesAFileAndLeavesNothingBesideIt) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder / "file", "long before"));
  ASSERT_TRUE(write_file(folder / "file", "now"));
  EXPECT_EQ(*read_file(folder / "file"), "now");
  EXPECT_FALSE(std::filesystem::exists(folder / "file.part"));
}

TEST(WriteFile, SaysWhyItCannot) {
  const TemporaryFolder folder;
  const auto written = write_file(folder / "none" / "file", "text");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message(),
            "write " + (folder / "none" / "file").string() + ": No such file or directory");
}

/// As long as it lives no file of this process may be longer than `bytes`, as after `ulimit -f`.
class ShortFiles {
 public:
  explicit ShortFiles(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit few{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &few);
  }
  ~ShortFiles() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  ShortFiles(const ShortFiles&) = delete;
  ShortFiles& operator=(const ShortFiles&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST(WriteFile, ThatFindsNoRoomLeavesWhatWasThereAndNothingBesideIt) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder / "file", "long before"));
  const auto written = [&] {
    const ShortFiles limit(4096);
    return write_file(folder / "file", std::string(100'000, 'x'));
  }();
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message(), "write " + (folder / "file").string() + ": File too large");
  EXPECT_EQ(*read_file(folder / "file"), "long before");
  EXPECT_FALSE(std::filesystem::exists(folder / "file.part"));
}

}  // namespace
}  // namespace squall
