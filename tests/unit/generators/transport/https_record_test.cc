#include "generators/transport/https_record.h"

#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::generators {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};  // NOLINT
}
std::optional<ServiceRecord> parse(const std::string& data) {
  return parse_service_data(bytes_of(data));
}
std::vector<std::string> hints_of(const ServiceRecord& record) {
  std::vector<std::string> texts;
  for (const auto& hint : record.hints) texts.push_back(hint.to_string());
  return texts;
}

const std::string kFooCom = "\x03"s + "foo" + "\x07" + "example" + "\x03" + "com" + "\0"s;
const std::string kFooOrg = "\x03"s + "foo" + "\x07" + "example" + "\x03" + "org" + "\0"s;

// The vectors of RFC 9460, appendix D.

TEST(HttpsRecord, ReadsAnAlias) {  // D.1, figure 2.
  const auto record = parse("\0\0"s + kFooCom);
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->is_alias());
  EXPECT_EQ(record->target, "foo.example.com");
}

TEST(HttpsRecord, ReadsOneThatSaysNothingOfItself) {  // Figure 3.
  const auto record = parse("\0\1\0"s);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->priority, 1);
  EXPECT_EQ(record->target, "");
  EXPECT_TRUE(record->has_default_alpn);
  EXPECT_FALSE(record->port);
}

TEST(HttpsRecord, ReadsAPort) {  // Figure 4.
  const auto record = parse("\0\x10"s + kFooCom + "\0\3\0\2\0\x35"s);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->priority, 16);
  EXPECT_EQ(record->target, "foo.example.com");
  EXPECT_EQ(record->port, 53);
}

TEST(HttpsRecord, PassesOverKeysThatItDoesNotKnow) {  // Figures 5 and 6.
  EXPECT_TRUE(parse("\0\1"s + kFooCom + "\x02\x9b\0\5"s + "hello"));
  const auto record = parse("\0\1"s + kFooCom + "\x02\x9b\0\x09"s + "hello\xd2qoo");
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->is_understood);
}

TEST(HttpsRecord, ReadsHintsOfIpv6) {  // Figures 7 and 8.
  const std::string first = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"s;
  const std::string second = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\x53\0\1"s;
  const auto two = parse("\0\1"s + kFooCom + "\0\6\0\x20"s + first + second);
  ASSERT_TRUE(two);
  EXPECT_THAT(hints_of(*two), ElementsAre("2001:db8::1", "2001:db8::53:1"));
  const auto one = parse("\0\1"s + kFooCom + "\0\6\0\x10"s +
                         "\x20\x01\x0d\xb8\x01\x22\x03\x44\0\0\0\0\xc0\0\x02\x21"s);
  ASSERT_TRUE(one);
  EXPECT_THAT(hints_of(*one), ElementsAre("2001:db8:122:344::c000:221"));
}

TEST(HttpsRecord, ReadsProtocolsHintsAndWhatIsMandatory) {  // Figure 9.
  const auto record = parse("\0\x10"s + kFooOrg + "\0\0\0\4\0\1\0\4"s + "\0\1\0\x09\2"s + "h2" +
                            "\5" + "h3-19" + "\0\4\0\4\xc0\0\2\1"s);
  ASSERT_TRUE(record);
  EXPECT_THAT(record->alpn, ElementsAre("h2", "h3-19"));
  EXPECT_THAT(hints_of(*record), ElementsAre("192.0.2.1"));
  EXPECT_TRUE(record->is_understood);
}

TEST(HttpsRecord, TakesNamesOfProtocolsAsTheyAre) {  // Figure 10.
  const auto record = parse("\0\x10"s + kFooOrg + "\0\1\0\x0c\x08"s + "f\\oo,bar" + "\2" + "h2");
  ASSERT_TRUE(record);
  EXPECT_THAT(record->alpn, ElementsAre("f\\oo,bar", "h2"));
}

TEST(HttpsRecord, RefusesWhatTheAppendixCallsMalformed) {  // D.3, figures 11 to 16.
  const std::string head = "\0\1"s + kFooCom;
  EXPECT_FALSE(parse(head + "\0\x7b\0\3"s + "abc" + "\0\x7b\0\3"s + "def")) << "a key twice";
  for (const char key : {'\0', '\1', '\3', '\4', '\6'}) {
    EXPECT_FALSE(parse(head + "\0"s + key + "\0\0"s)) << "nothing of key " << int{key};
  }
  EXPECT_FALSE(parse(head + "\0\1\0\3\2h2"s + "\0\2\0\3"s + "abc")) << "no-default-alpn=abc";
  EXPECT_FALSE(parse(head + "\0\0\0\2\0\x7b"s)) << "a mandatory key is missing";
  EXPECT_FALSE(parse(head + "\0\0\0\4\0\0\0\1\0\1\0\3\2h2"s)) << "mandatory is mandatory";
  EXPECT_FALSE(parse(head + "\0\0\0\4\0\1\0\1\0\1\0\3\2h2"s)) << "a mandatory key twice";
}

TEST(HttpsRecord, RefusesWhatIsCutOffAnywhere) {
  const std::string whole = "\0\x10"s + kFooOrg + "\0\0\0\2\0\1"s + "\0\1\0\3\2h2"s +
                            "\0\3\0\2\0\x35"s + "\0\4\0\4\xc0\0\2\1"s;
  ASSERT_TRUE(parse(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = parse(whole.substr(0, size));
    if (!cut) continue;
    // Between two parameters the rest may be missing, but never what is mandatory.
    EXPECT_TRUE(size == 2 + kFooOrg.size() || !cut->alpn.empty()) << size;
  }
  EXPECT_FALSE(parse("\0\1\xc0\0"s)) << "a target is never compressed (§2.2)";
  EXPECT_FALSE(parse("\0\1\0\0\1\0\3\3h2"s)) << "a protocol longer than its list";
  EXPECT_FALSE(parse("\0\1\0\0\2\0\0"s)) << "no-default-alpn alone";
  EXPECT_FALSE(parse("\0\1\0\xff\xff\0\0"s));
}

TEST(HttpsRecord, IsNotUnderstoodWhereAKeyThatWeDoNotKnowIsMandatory) {
  const auto record = parse("\0\1\0"s + "\0\0\0\2\0\5"s + "\0\1\0\3\2h3"s + "\0\5\0\1x"s);
  ASSERT_TRUE(record);
  EXPECT_FALSE(record->is_understood) << "encrypted hellos";
}

/// An answer of these records to a question for edge.test.
std::string answer(const std::vector<std::string>& records) {
  std::string all = "\x12\x34\x81\x80\0\1"s + '\0' + static_cast<char>(records.size()) +
                    "\0\0\0\0\x04"s + "edge\x04" + "test\0"s + "\0\x41\0\1"s;
  for (const std::string& record : records) all += record;
  return all;
}
std::string record(const std::string& owner, int type, const std::string& data,
                   const std::string& ttl = "\0\0\0\x3c"s) {
  return owner + '\0' + static_cast<char>(type) + "\0\1"s + ttl + '\0' +
         static_cast<char>(data.size()) + data;
}
auto parse_answer(const std::string& message) {
  return parse_https_answer(bytes_of(message), "Edge.Test");
}
const std::string kAsked = "\xc0\x0c";
const std::string kH3 = "\0\1\0\3\2h3"s;

TEST(HttpsAnswer, IsSortedByPriorityAndKeepsTheTimeToLive) {
  const auto found = parse_answer(
      answer({record(kAsked, 65, "\0\2\0"s), record(kAsked, 65, "\0\1\0"s + kH3, "\0\0\1\0"s)}));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ((*found)[0].priority, 1);
  EXPECT_THAT((*found)[0].alpn, ElementsAre("h3"));
  EXPECT_EQ((*found)[0].holds, Duration(256s));
  EXPECT_EQ((*found)[1].holds, Duration(60s));
}

TEST(HttpsAnswer, GoesThroughAliasesAndLeavesWhatIsNotAskedFor) {
  const std::string other = "\x05"s + "other" + "\xc0\x11";  // other.test
  const auto found = parse_answer(
      answer({record(kAsked, 5, other), record(other, 65, "\0\1\0"s + kH3),
              record("\x04"s + "none\0"s, 65, "\0\1\0"s), record(kAsked, 1, "\x7f\0\0\1"s)}));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_THAT((*found)[0].alpn, ElementsAre("h3"));
}

TEST(HttpsAnswer, OfAliasesInACircleComesToAnEnd) {
  const auto found = parse_answer(answer({record(kAsked, 5, kAsked)}));
  ASSERT_TRUE(found);
  EXPECT_THAT(*found, IsEmpty());
}

TEST(HttpsAnswer, IsRefusedWholeWhereARecordIsMalformedOrPointersDoNotGoBack) {
  EXPECT_FALSE(parse_answer(answer({record(kAsked, 65, "\0\1\0"s), record(kAsked, 65, "\0"s)})));
  EXPECT_FALSE(parse_answer(answer({record("\xc0\x1b", 65, "\0\1\0"s)}))) << "points to itself";
  EXPECT_FALSE(parse_answer(answer({record("\xc0\xff", 65, "\0\1\0"s)}))) << "points beyond";
  EXPECT_FALSE(parse_answer(answer({record("\x41", 65, "\0\1\0"s)}))) << "no such label";
  EXPECT_FALSE(parse_answer(""));
  EXPECT_FALSE(parse_answer(answer({record(kAsked, 65, "\0\1\0"s)}).substr(0, 40)));
}

TEST(HttpsRecordName, HasThePortWhereItIsNotTheSchemesOwn) {
  EXPECT_EQ(https_record_name("edge.test", 443), "edge.test");
  EXPECT_EQ(https_record_name("edge.test", 8443), "_8443._https.edge.test");
}

}  // namespace
}  // namespace squall::generators
