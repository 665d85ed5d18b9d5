#include "harness/services/program.h"

#include <csignal>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::services {
namespace {

using testing::HasSubstr;

TEST(FindProgram, FindsNamesInThePathAndPathsFromTheScenario) {
  EXPECT_TRUE(ok(find_program("sh", "/", "/nowhere:/bin")));
  const TemporaryFolder folder;
  std::ofstream(folder / "serve") << "#!/bin/sh\n";
  ::chmod((folder / "serve").c_str(), 0755);
  const auto found = find_program("./serve", folder.path(), "");
  ASSERT_TRUE(ok(found));
  EXPECT_EQ(*found, folder / "serve");
}

TEST(FindProgram, SaysWhatToDoWhenThereIsNone) {
  const auto missing = find_program("ngnix", "/", "/bin:/usr/bin");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message(),
            "there is no program 'ngnix' in PATH (/bin:/usr/bin); install it, or write its path: "
            "No such file or directory");
  const TemporaryFolder folder;
  std::ofstream(folder / "serve") << "x";
  const auto plain = find_program("./serve", folder.path(), "");
  ASSERT_FALSE(plain);
  EXPECT_THAT(plain.error().message(), HasSubstr("chmod +x"));
  EXPECT_TRUE(
      failed_with(find_program("./no", folder.path(), ""), std::errc::no_such_file_or_directory));
  EXPECT_FALSE(find_program("", folder.path(), "/bin"));
}

TEST(DescribeExit, SaysStatusOrSignal) {
  EXPECT_EQ(describe_exit(3 << 8), "exited with status 3");
  EXPECT_EQ(describe_exit(SIGKILL), "was ended by SIGKILL");
  EXPECT_EQ(describe_exit(SIGSEGV | 0x80), "was ended by SIGSEGV");
}

TEST(LastWords, AreTheLastLinesOfThisStart) {
  const TemporaryFolder folder;
  std::ofstream(folder / "log") << "of the start before\n"
                                << "one\ntwo\n\n\tthree\x1b[0m\nfour\n";
  EXPECT_EQ(last_words(folder / "log", 0), "two |  three [0m | four");
  EXPECT_EQ(last_words(folder / "log", 20 + 4), "two |  three [0m | four");
  EXPECT_EQ(last_words(folder / "log", 1000), "");
  EXPECT_EQ(last_words(folder / "none", 0), "");
}

TEST(LastWords, AreFewHoweverMuchWasWritten) {
  const TemporaryFolder folder;
  std::ofstream(folder / "log") << std::string(1'000'000, 'x');
  EXPECT_LT(last_words(folder / "log", 0).size(), 300U);
}

}  // namespace
}  // namespace squall::services
