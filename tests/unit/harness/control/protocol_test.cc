#include "harness/control/protocol.h"

#include <string>
#include <system_error>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/base/version.h"

#include "tests/support/result_matchers.h"

namespace squall::control {
namespace {

wire::Hello signed_hello() {
  wire::Hello hello;
  sign(hello);
  return hello;
}

TEST(Protocol, IsUnderstoodByItsLike) { EXPECT_TRUE(ok(understands(signed_hello(), "fra-1"))); }

TEST(Protocol, OfAnotherNumberIsRefusedWithBothNumbersBeforeVersionsAreCompared) {
  wire::Hello later = signed_hello();
  later.set_protocol(kProtocol + 1);
  later.set_version("9.9.9");
  const auto understood = understands(later, "fra-1");
  ASSERT_TRUE(failed_with(understood, std::errc::protocol_not_supported));
  EXPECT_EQ(
      understood.error().trail,
      fmt::format("agent fra-1 speaks protocol {} (squall 9.9.9), the coordinator protocol {} "
                  "(squall {}): install the same squall on both",
                  kProtocol + 1, kProtocol, version()));
}

TEST(Protocol, WithoutANumberIsAnOlderOne) {
  wire::Hello older = signed_hello();
  older.clear_protocol();
  const auto understood = understands(older, "fra-1");
  ASSERT_FALSE(understood);
  EXPECT_NE(understood.error().trail.find("agent fra-1 speaks a protocol without a number"),
            std::string::npos);
}

TEST(Protocol, OfAnotherVersionOfTheProgramIsRefusedToo) {
  wire::Hello other = signed_hello();
  other.set_version("0.0.1");
  const auto understood = understands(other, "fra-1");
  ASSERT_TRUE(failed_with(understood, std::errc::protocol_not_supported));
  EXPECT_EQ(understood.error().trail,
            fmt::format("agent fra-1 is version 0.0.1, the coordinator is {}: install the same "
                        "squall on both",
                        version()));
}

TEST(Protocol, NamesTheProcessByWhatNoOtherOneCanGuess) {
  EXPECT_EQ(signed_hello().process().size(), 16U);
  EXPECT_EQ(signed_hello().process(), signed_hello().process());
  EXPECT_NE(signed_hello().process(), std::string(16, '\0'));
}

}  // namespace
}  // namespace squall::control
