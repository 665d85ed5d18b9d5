#include "harness/base/files.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace squall {
namespace {

class ReadFile : public testing::Test {
 protected:
  std::filesystem::path holding(const std::string& text) {
    std::ofstream(folder_ / "file", std::ios::binary) << text;
    return folder_ / "file";
  }

  TemporaryFolder folder_;
};

TEST_F(ReadFile, GivesEveryByte) {
  const std::string text("a\0b\r\n\xff", 6);
  EXPECT_EQ(*read_file(holding(text)), text);
  const std::string much(1'000'000, 'x');
  EXPECT_EQ(*read_file(holding(much)), much);
  EXPECT_EQ(*read_file(holding("")), "");
}

TEST_F(ReadFile, StopsAtTheMostThatIsAskedFor) {
  EXPECT_EQ(*read_file(holding("abcdef"), 4), "abcd");
  EXPECT_EQ(read_file("/dev/zero", 100'000)->size(), 100'000);
}

TEST_F(ReadFile, ReadsWhatTellsNoSize) { EXPECT_FALSE(read_file("/proc/self/status")->empty()); }

TEST_F(ReadFile, SaysWhyItCannot) {
  const auto missing = read_file(folder_ / "none");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message(),
            "read " + (folder_ / "none").string() + ": No such file or directory");
  const auto folder = read_file(folder_.path());
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, std::errc::is_a_directory);
}

}  // namespace
}  // namespace squall
