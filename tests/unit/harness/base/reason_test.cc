#include "harness/base/reason.h"

#include <string>
#include <system_error>

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall {
namespace {

TEST(Reason, IsToldWithoutTheSystemsWordsForItsCode) {
  const Error ours = reason(std::errc::connection_refused, "run 7 takes no more agents");
  EXPECT_EQ(in_words(ours), "run 7 takes no more agents");
  EXPECT_EQ(in_words(Error(ours).within("join")), "join: run 7 takes no more agents");
  EXPECT_EQ(in_words(error(std::errc::connection_refused, "join h:1")),
            "join h:1: Connection refused");
}

TEST(Reason, HasTheCodeThatItIsGiven) {
  const Result<int> none = reason(std::errc::timed_out, "nobody came");
  EXPECT_TRUE(failed_with(none, std::errc::timed_out));
  EXPECT_FALSE(none.error().code == std::errc::connection_refused);
}

TEST(Reason, ThatHasNoWordsIsToldInTheSystems) {
  EXPECT_EQ(in_words(reason(std::errc::timed_out, "")), "Connection timed out");
}

TEST(Reason, WhatWasGivenWrongSaysSoByItself) {
  EXPECT_EQ(in_words(error(std::errc::invalid_argument, "--name: expected a word")),
            "--name: expected a word");
}

}  // namespace
}  // namespace squall
