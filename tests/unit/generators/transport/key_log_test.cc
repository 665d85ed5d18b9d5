#include "generators/transport/key_log.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "harness/base/log.h"
#include "harness/base/units.h"
#include "harness/base/warn_again.h"

#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::generators {
namespace {

using namespace std::chrono_literals;

/// Names a file in the environment, while it lives.
class Named {
 public:
  explicit Named(const std::string& file) { ::setenv("SSLKEYLOGFILE", file.c_str(), 1); }
  ~Named() { ::unsetenv("SSLKEYLOGFILE"); }
  Named(const Named&) = delete;
  Named& operator=(const Named&) = delete;
};

TEST(KeyLog, MustBeWritableWhereTheEnvironmentNamesOne) {
  ASSERT_EQ(::unsetenv("SSLKEYLOGFILE"), 0);
  EXPECT_FALSE(is_key_log_wanted());
  EXPECT_TRUE(ok(check_key_log()));
  {
    const Named empty("");
    EXPECT_FALSE(is_key_log_wanted()) << "an empty name is none";
    EXPECT_TRUE(ok(check_key_log()));
  }
  const Named nowhere("/no/such/folder/keys.log");
  EXPECT_TRUE(is_key_log_wanted());
  EXPECT_FALSE(foresee_key_log());
  const Result<void> checked = check_key_log();
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().message().find("/no/such/folder/keys.log"), std::string::npos);
}

TEST(KeyLog, HasALineAfterTheOtherInTheFileThatIsNamedNow) {
  const TemporaryFolder folder;
  const auto text_of = [&](const char* name) {
    std::ifstream file(folder.path() / name);
    return std::string{std::istreambuf_iterator<char>(file), {}};
  };
  {
    const Named one(folder.path() / "one");
    write_key_log("A 1 2");
    write_key_log("B 1 2");
  }
  {
    const Named two(folder.path() / "two");
    write_key_log("C 1 2");
  }
  write_key_log("D 1 2");
  EXPECT_EQ(text_of("one"), "A 1 2\nB 1 2\n");
  EXPECT_EQ(text_of("two"), "C 1 2\n");
}

TEST(KeyLog, GoesOnInALineOfItsOwnAfterOneForWhichThereWasNoRoom) {
  const TemporaryFolder folder;
  const Named file(folder.path() / "keys");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit full = before;
  full.rlim_cur = 10;
  write_key_log("A 1 2");
  // What is told of it may go to a file as well.
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  write_key_log("B 1 2 3");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  write_key_log("C 1 2");
  std::ifstream written(folder.path() / "keys");
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>(written), {}}), "A 1 2\nB 1 \nC 1 2\n");
}

TEST(KeyLog, DoesNotWaitForAPipeThatNobodyReads) {
  const TemporaryFolder folder;
  const Named pipe(folder.path() / "pipe");
  ASSERT_EQ(::mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(check_key_log());
  write_key_log("A 1 2");
}

TEST(KeyLog, TellsOnceInARunThatADiskIsFull) {
  const Named full("/dev/full");
  set_warning_clock([] {
    static Instant now{1h};
    return now += 1h;  // It is not for its haste that the second is no news.
  });
  keep_warnings(1000);
  take_warnings();
  ASSERT_TRUE(ok(check_key_log()));
  write_key_log("A 1 2");
  write_key_log("B 1 2");
  EXPECT_THAT(take_warnings(),
              testing::ElementsAre(
                  "SSLKEYLOGFILE: /dev/full: No space left on device: secrets are missing there"));
}

}  // namespace
}  // namespace squall::generators
