#include "generators/request/cookie_jar.h"

#include <string>

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const CookieJar::Time kNow{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};

/// A jar that belongs to edge.example over TLS.
class Jar : public testing::Test {
 protected:
  void set(const std::string& header, const std::string& path = "/") {
    jar_.set(header, "edge.example", path, true, kNow);
  }
  std::string sent(const std::string& path = "/", seconds later = seconds(0), bool secure = true,
                   const std::string& host = "edge.example") const {
    std::string header;
    jar_.append_to(header, host, path, secure, kNow + later);
    return header;
  }

  CookieJar jar_;
};

TEST_F(Jar, SendsBackWhatWasSet) {
  set("a=1");
  set("b = two words ; HttpOnly; SameSite=Lax");
  set("empty=");
  EXPECT_EQ(sent(), "a=1; b=two words; empty=");
  set("a=2");
  EXPECT_EQ(sent(), "a=2; b=two words; empty=") << "a cookie keeps its place";
}

TEST_F(Jar, PassesOverWhatIsNoCookie) {
  set("");
  set("novalue");
  set("=1");
  set(std::string("a=1\r\nx: y"));
  set("big=" + std::string(5000, 'x'));
  EXPECT_EQ(jar_.size(), 0U);
}

TEST_F(Jar, APathIsMatchedBySegments) {
  set("root=1; Path=/");
  set("shop=1; Path=/shop");
  set("dir=1", "/shop/cart?x=/a/b/c");
  EXPECT_EQ(sent("/"), "root=1");
  EXPECT_EQ(sent("/shop"), "shop=1; dir=1; root=1");
  EXPECT_EQ(sent("/shop/x?y"), "shop=1; dir=1; root=1");
  EXPECT_EQ(sent("/shopping"), "root=1");
}

TEST_F(Jar, BelongsToItsHostAlone) {
  set("own=1; Domain=edge.example");
  set("parent=1; Domain=.example");
  set("other=1; Domain=else.example");
  set("suffix=1; Domain=ge.example");
  EXPECT_EQ(sent(), "own=1; parent=1");
  EXPECT_EQ(sent("/", seconds(0), true, "else.example"), "");
}

TEST_F(Jar, WhatIsSecureGoesOnlyOverTls) {
  set("s=1; Secure");
  EXPECT_EQ(sent(), "s=1");
  EXPECT_EQ(sent("/", seconds(0), false), "");
  jar_.set("t=1; Secure", "edge.example", "/", false, kNow);
  EXPECT_EQ(jar_.size(), 1U);
}

TEST_F(Jar, CookiesEndAndAreDeleted) {
  set("age=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  set("date=1; Expires=Sat, 21 Nov 2026 01:00:00 GMT");
  set("session=1; Max-Age=none; Expires=never");
  set("huge=1; Max-Age=99999999999999999999");
  EXPECT_EQ(sent(), "age=1; date=1; session=1; huge=1");
  EXPECT_EQ(sent("/", seconds(60)), "date=1; session=1; huge=1");
  EXPECT_EQ(sent("/", hours(1)), "session=1; huge=1");
  set("session=; Max-Age=0");
  set("date=; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  set("huge=; Max-Age=-1");
  EXPECT_EQ(sent(), "age=1");
}

TEST_F(Jar, KeepsAtMostFifty) {
  for (int i = 0; i < 60; ++i) set("c" + std::to_string(i) + "=1");
  EXPECT_EQ(jar_.size(), 50U);
  EXPECT_TRUE(sent().ends_with("c59=1"));
}

TEST(CookieDate, IsReadInTheFormsThatThereAre) {
  const CookieJar::Time expected{std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) +
                                 hours(8) + std::chrono::minutes(49) + seconds(37)};
  for (const char* const text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                 "Sun Nov  6 08:49:37 1994", "6 november 1994 8:49:37"}) {
    CookieJar::Time time;
    EXPECT_TRUE(parse_cookie_date(text, time)) << text;
    EXPECT_EQ(time, expected) << text;
  }
  for (const char* const text :
       {"", "yesterday", "31 Feb 2026 00:00:00", "1 Nov 1500 00:00:00", "1 Nov 2026 24:00:00"}) {
    CookieJar::Time time;
    EXPECT_FALSE(parse_cookie_date(text, time)) << text;
  }
}

}  // namespace
}  // namespace squall::generators
