#include "generators/request/alt_svc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::generators {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""s;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

TEST(AltSvc, IsReadAsServersSayIt) {
  EXPECT_THAT(parse_alt_svc(R"(h3=":443"; ma=2592000)"),
              Optional(ElementsAre(Alternative{"h3", "", 443, 2'592'000s})));
  EXPECT_THAT(
      parse_alt_svc(R"(h3=":443"; ma=86400,h3-29=":443";ma=86400)"),
      Optional(ElementsAre(Alternative{"h3", "", 443, 24h}, Alternative{"h3-29", "", 443, 24h})));
  EXPECT_THAT(parse_alt_svc(R"(h2="alt.example.com:8000", h2=":443")"),
              Optional(ElementsAre(Alternative{"h2", "alt.example.com", 8000, 24h},
                                   Alternative{"h2", "", 443, 24h})));
  EXPECT_THAT(parse_alt_svc(R"(w%3Dx%3Ay#z="[::1]:1"; persist=1; v="a,b;c\"d"; ma="7")"),
              Optional(ElementsAre(Alternative{"w=x:y#z", "[::1]", 1, 7s})));
  EXPECT_THAT(parse_alt_svc(" , h3=\":1\"\t;\tma=0 ,, "),
              Optional(ElementsAre(Alternative{"h3", "", 1, 0s})));
}

TEST(AltSvc, ForgetsWhereItSaysClear) {
  EXPECT_THAT(parse_alt_svc("clear"), Optional(IsEmpty()));
  EXPECT_THAT(parse_alt_svc(" clear "), Optional(IsEmpty()));
  EXPECT_EQ(parse_alt_svc("Clear"), std::nullopt) << "RFC 7838 §3: case matters";
}

TEST(AltSvc, IsIgnoredWhereItIsMalformed) {
  for (const char* wrong : {"",
                            ",",
                            "h3",
                            "h3=",
                            "h3=:443",
                            R"(h3="443")",
                            R"(h3=":")",
                            R"(h3=":0")",
                            R"(h3=":65536")",
                            R"(h3=":443)",
                            R"(h3=":443" h2=":1")",
                            R"(h3=":443"; ma)",
                            R"(h3=":443"; ma=x)",
                            R"(h3=":443"; ma=-1)",
                            R"(="x:1")",
                            R"(h%3="x:1")",
                            R"(h%zz="x:1")",
                            R"(h3=":443"; =1)",
                            R"(h3="\)",
                            "h3=\":4\n3\""}) {
    EXPECT_EQ(parse_alt_svc(wrong), std::nullopt) << wrong;
  }
}

TEST(AltSvc, HoldsNoMoreThanTenYears) {
  const auto read = parse_alt_svc(R"(h3=":1"; ma=18446744073709551615)");
  ASSERT_TRUE(read);
  EXPECT_GT(read->front().max_age, 24h * 365);
  EXPECT_EQ(parse_alt_svc(R"(h3=":1"; ma=18446744073709551616)"), std::nullopt);
}

}  // namespace
}  // namespace squall::generators
