#include "generators/spec/target_spec.h"

#include <gtest/gtest.h>

#include "generators/spec/load_spec.h"

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

TEST(ParseUrl, TakesAUrlApart) {
  auto url = parse_url("https://edge.example:8443/a?b=c");
  ASSERT_TRUE(ok(url));
  EXPECT_EQ(*url, (Url{"https", "edge.example", 8443, "/a?b=c"}));
  EXPECT_EQ(url->authority(), "edge.example:8443");
}

TEST(ParseUrl, KnowsThePortOfAScheme) {
  EXPECT_EQ(parse_url("http://a")->port, 80);
  EXPECT_EQ(parse_url("https://a")->port, 443);
  EXPECT_EQ(parse_url("https://a:443")->authority(), "a");
  EXPECT_EQ(parse_url("http://a:443")->authority(), "a:443");
  EXPECT_EQ(parse_url("http://a?q")->path, "/?q");
}

TEST(ParseUrl, PutsIpv6AddressesIntoBrackets) {
  auto url = parse_url("https://[::1]:8443");
  ASSERT_TRUE(ok(url));
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->authority(), "[::1]:8443");
}

TEST(ParseUrl, RefusesWhatItCouldNotSend) {
  for (const char* text :
       {"", "a", "ftp://a", "http://", "http:///x", "http://a:0", "http://a:65536",
        "http://a:", "http://a:b", "http://u@a", "http://[::1", "http://[a]", "http://[::1]x",
        "http://a/#f", "http://a b/", "http://a/b c", "http://::1", "https//a"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
}

TEST(LoadSpec, LastsAsLongAsItsStages) {
  LoadSpec load;
  load.schedule =
      OpenSpec{Arrivals::kConstant,
               {{{1}, {1}, std::chrono::seconds(3)}, {{1}, {1}, std::chrono::seconds(4)}}};
  EXPECT_EQ(load.length(), std::chrono::seconds(7));
  load.schedule = ClosedSpec{1, std::chrono::seconds(5), {}};
  EXPECT_EQ(load.length(), std::chrono::seconds(5));
  load.schedule =
      OpenSpec{Arrivals::kConstant, {{{1}, {1}, Duration::max()}, {{1}, {1}, Duration(1)}}};
  EXPECT_EQ(load.length(), Duration::max());
}

}  // namespace
}  // namespace squall::generators
