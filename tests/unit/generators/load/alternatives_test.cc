#include "generators/load/alternatives.h"

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

using namespace std::chrono_literals;

const Url kOrigin{"https", "edge.example", 443, "/"};
const Instant kNow{1h};

TEST(Alternatives, HoldAsLongAsTheOriginSays) {
  Alternatives known;
  EXPECT_EQ(known.port(kOrigin, kNow), std::nullopt);
  known.heard(kOrigin, R"(h2=":1", h3=":8443"; ma=60)", kNow);
  EXPECT_EQ(known.port(kOrigin, kNow + 59s), 8443);
  EXPECT_EQ(known.port(kOrigin, kNow + 60s), std::nullopt);
  const Url other{"https", "edge.example", 444, "/"};
  EXPECT_EQ(known.port(other, kNow), std::nullopt) << "another origin";
}

TEST(Alternatives, AreForgottenWhenTheOriginSaysSo) {
  Alternatives known;
  known.heard(kOrigin, R"(h3=":443")", kNow);
  known.heard(kOrigin, "clear", kNow);
  EXPECT_EQ(known.port(kOrigin, kNow), std::nullopt);
}

TEST(Alternatives, AreHeededOfHttpsOnTheOriginsOwnHostAlone) {
  Alternatives known;
  known.heard(kOrigin, R"(h3="elsewhere.example:443")", kNow);
  EXPECT_EQ(known.port(kOrigin, kNow), std::nullopt);
  known.heard(kOrigin, R"(h3="edge.example:444")", kNow);
  EXPECT_EQ(known.port(kOrigin, kNow), 444);
  const Url clear{"http", "edge.example", 80, "/"};
  known.heard(clear, R"(h3=":443")", kNow);
  EXPECT_EQ(known.port(clear, kNow), std::nullopt);
}

TEST(Alternatives, AreLeftAloneTwiceAsLongEachTimeUntilOneWorks) {
  Alternatives known;
  known.heard(kOrigin, R"(h3=":443")", kNow);
  Instant now = kNow;
  for (const Duration away : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    known.failed(kOrigin, now);
    known.failed(kOrigin, now + 1ms);  // Of the same moment: no more than one.
    EXPECT_TRUE(known.is_avoided(kOrigin, now + away - 1ms));
    EXPECT_EQ(known.port(kOrigin, now + away - 1ms), std::nullopt);
    now += away;
    EXPECT_FALSE(known.is_avoided(kOrigin, now));
    EXPECT_EQ(known.port(kOrigin, now), 443);
  }
  known.worked(kOrigin);
  known.failed(kOrigin, now);
  EXPECT_EQ(known.port(kOrigin, now + 1s), 443);
}

ServiceRecord h3_record(std::uint16_t priority = 1) {
  ServiceRecord record;
  record.priority = priority;
  record.alpn = {"h2", "h3"};
  record.holds = 60s;
  return record;
}

TEST(Alternatives, MayBeKnownFromTheDnsForAsLongAsItSays) {
  Alternatives known;
  EXPECT_FALSE(known.heard(kOrigin, {h3_record()}, kNow));
  EXPECT_EQ(known.port(kOrigin, kNow), 443) << "the origin's";
  EXPECT_TRUE(known.is_by_record(kOrigin));
  EXPECT_EQ(known.port(kOrigin, kNow + 60s), std::nullopt);
  ServiceRecord elsewhere = h3_record();
  elsewhere.port = 8443;
  elsewhere.target = "edge.example";
  known.heard(kOrigin, {elsewhere}, kNow);
  EXPECT_EQ(known.port(kOrigin, kNow), 8443);
}

TEST(Alternatives, AnswersGoBeforeTheDns) {
  Alternatives known;
  known.heard(kOrigin, R"(h3=":8443"; ma=10)", kNow);
  known.heard(kOrigin, {h3_record()}, kNow);
  EXPECT_EQ(known.port(kOrigin, kNow), 8443);
  EXPECT_FALSE(known.is_by_record(kOrigin));
  known.heard(kOrigin, {h3_record()}, kNow + 10s);
  EXPECT_EQ(known.port(kOrigin, kNow + 10s), 443);
  known.heard(kOrigin, R"(h3=":8443"; ma=10)", kNow + 11s);
  EXPECT_EQ(known.port(kOrigin, kNow + 11s), 8443);
  known.heard(kOrigin, "clear", kNow + 12s);
  EXPECT_EQ(known.port(kOrigin, kNow + 12s), std::nullopt);
}

TEST(Alternatives, RecordsThatLeadElsewhereOrAreNotUnderstoodAreNotFollowed) {
  Alternatives known;
  ServiceRecord other = h3_record(1);
  other.target = "other.example";
  EXPECT_TRUE(known.heard(kOrigin, {other}, kNow));
  EXPECT_EQ(known.port(kOrigin, kNow), std::nullopt);
  EXPECT_TRUE(known.heard(kOrigin, {other, h3_record(2)}, kNow));
  EXPECT_EQ(known.port(kOrigin, kNow), 443) << "the next best is its own";
  Alternatives fresh;
  ServiceRecord alias;
  alias.target = "edge.example";
  EXPECT_TRUE(fresh.heard(kOrigin, {alias, h3_record()}, kNow)) << "beside an alias none counts";
  ServiceRecord strange = h3_record();
  strange.is_understood = false;
  ServiceRecord old = h3_record();
  old.alpn = {"h2"};
  EXPECT_FALSE(fresh.heard(kOrigin, {strange, old}, kNow));
  EXPECT_FALSE(fresh.heard(kOrigin, std::vector<ServiceRecord>{}, kNow));
  EXPECT_EQ(fresh.port(kOrigin, kNow), std::nullopt);
  EXPECT_FALSE(fresh.is_avoided(kOrigin, kNow));
  const Url plain{"http", "edge.example", 80, "/"};
  EXPECT_FALSE(fresh.heard(plain, {h3_record()}, kNow));
  EXPECT_EQ(fresh.port(plain, kNow), std::nullopt);
}

}  // namespace
}  // namespace squall::generators
