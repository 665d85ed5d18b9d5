#include "harness/base/log.h"

#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/warn_again.h"

namespace squall {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::chrono::steady_clock::time_point pushed;  // NOLINT: a clock is a function without a state

// One test: what is kept is kept for the whole process.
TEST(Log, KeepsAndSaysWarningsOnceAndKeepsNotMoreThanAskedForThoughItIsQuiet) {
  set_up_log(LogLevel::kQuiet, "squall");
  log_warning("before anybody wanted them");
  EXPECT_THAT(take_warnings(), IsEmpty());
  keep_warnings(3);
  set_warning_clock([] { return pushed; });
  log_warning("first");
  log_warning("first");
  log_info("not a warning");
  EXPECT_THAT(take_warnings(), ElementsAre("first"));
  pushed += 1999ms;
  log_warning_again("first");
  EXPECT_THAT(take_warnings(), IsEmpty()) << "it came a moment ago, again and again";
  pushed += 1999ms;
  log_warning_again("first");
  EXPECT_THAT(take_warnings(), IsEmpty());
  pushed += 2s;
  log_warning_again("first");
  EXPECT_THAT(take_warnings(), ElementsAre("first"));
  log_warning("first");
  log_warning("second");
  log_warning("third");
  log_warning("fourth");
  EXPECT_THAT(take_warnings(),
              ElementsAre("second", "there were more warnings than are kept: see stderr"));
  EXPECT_THAT(take_warnings(), IsEmpty());

  set_up_log(LogLevel::kNormal, "squall");
  testing::internal::CaptureStderr();
  log_warning("second");  // Said before.
  log_warning("fifth");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("fifth"), Not(HasSubstr("second"))));
}

}  // namespace
}  // namespace squall
