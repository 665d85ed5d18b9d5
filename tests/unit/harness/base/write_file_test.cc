#include "harness/base/write_file.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace squall
