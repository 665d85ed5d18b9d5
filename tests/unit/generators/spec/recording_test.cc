#include "generators/spec/recording.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "generators/spec/timestamps.h"

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

using namespace std::chrono_literals;

/// "at/ms METHOD path" of each request, or why there is none.
std::vector<std::string> read(std::string_view text, const std::string& name,
                              const std::vector<std::string>& methods = {}) {
  auto recording = parse_recording(text, name, std::nullopt, methods);
  if (!recording) return {"!" + recording.error().trail};
  std::vector<std::string> all;
  for (const RecordedRequest& request : recording->requests) {
    all.push_back(std::to_string(request.at / 1ms) + " " + request.method + " " + request.path);
  }
  if (recording->unread > 0) {
    all.push_back(std::to_string(recording->unread) + " unread, " + recording->first_unread);
  }
  return all;
}

TEST(Timestamp, IsReadInEveryFormThatLogsHave) {
  const Duration expected = 1'795'258'364s;  // 2026-11-21 10:52:44 UTC
  for (const char* const text :
       {"21/Nov/2026:10:52:44 +0000", "21/Nov/2026:11:52:44 +0100", "2026-11-21T10:52:44Z",
        "2026-11-21 10:52:44", "2026-11-21T05:22:44-05:30", "1795258364", "1795258364000",
        "1795258364000000000"}) {
    EXPECT_EQ(parse_timestamp(text), expected) << text;
  }
  EXPECT_EQ(parse_timestamp("2026-11-21T10:52:44.25Z"), expected + 250ms);
  EXPECT_EQ(parse_timestamp("1795258364.25"), expected + 250ms);
  for (const char* const text : {"", "now", "21/Now/2026:10:52:44 +0000", "2026-02-30T00:00:00Z",
                                 "2026-11-21T25:00:00Z", "-5", "nan", "2026-11-21T10:52:44+1"}) {
    EXPECT_FALSE(parse_timestamp(text)) << text;
  }
}

TEST(Recording, ReadsCombinedLogsInTheOrderOfTime) {
  EXPECT_THAT(read("::1 - - [21/Nov/2026:10:00:05 +0000] \"GET /b?x=\\x22\\\"1 HTTP/1.1\" 200 1 "
                   "\"-\" \"c\"\n"
                   "::1 - a [21/Nov/2026:11:00:03 +0100] \"POST http://h:1/a HTTP/1.0\" 200 1\r\n"
                   "\n"
                   "::1 - - [21/Nov/2026:10:00:04 +0000] \"-\" 400 0\n"
                   "::1 - - [yesterday] \"GET / HTTP/1.1\" 200 0\n",
                   "access.log"),
              testing::ElementsAre("0 POST /a", "2000 GET /b?x=\"\"1",
                                   testing::StartsWith("2 unread, access.log:4: no request")));
}

TEST(Recording, ReadsJsonLinesUnderTheUsualNames) {
  EXPECT_THAT(read(R"({"ts": 1795258364.5, "method": "GET", "uri": "/a?x"}
{"@timestamp": "2026-11-21T10:52:45Z", "request": "PUT /b HTTP/2.0"}
{"time": "1795258366000", "verb": "HEAD", "url": "https://h/c#f"}
{"time": 1795258366, "path": "/no-method"}
[])",
                   "access.json"),
              testing::ElementsAre("0 GET /a?x", "500 PUT /b", "1500 HEAD /c",
                                   "2 unread, access.json:4: no method"));
}

TEST(Recording, ReadsHarWithItsHeadersAndBodies) {
  auto recording = parse_recording(
      R"({"log": {"entries": [
        {"startedDateTime": "2026-11-21T10:00:00.000Z", "request": {"method": "POST",
         "url": "https://edge/api?x=1", "headers": [{"name": "Content-Type", "value": "a/b"}],
         "postData": {"text": "body"}}},
        {"startedDateTime": "2026-11-21T10:00:00.040Z", "request": {"method": "GET", "url": "/"}},
        {"startedDateTime": "soon"}]}})",
      "page.har", std::nullopt, {});
  ASSERT_TRUE(ok(recording));
  ASSERT_EQ(recording->requests.size(), 2U);
  EXPECT_EQ(recording->requests[0].path, "/api?x=1");
  EXPECT_EQ(recording->requests[0].body, "body");
  EXPECT_EQ(recording->requests[0].headers[0].first, "content-type");
  EXPECT_EQ(recording->requests[1].at, 40ms);
  EXPECT_EQ(recording->first_unread, "page.har:3: no startedDateTime");
}

TEST(Recording, WithNothingUsableIsAnError) {
  EXPECT_THAT(read("", "x.log"), testing::ElementsAre("!x.log: nothing to be replayed"));
  EXPECT_THAT(read("hello\n", "x.log"),
              testing::ElementsAre(testing::StartsWith("!x.log: nothing in it can be replayed; ")));
  EXPECT_THAT(read("{}", "x.har"), testing::ElementsAre(testing::HasSubstr("no log.entries")));
  EXPECT_THAT(read(std::string(1000, '['), "x.har"),
              testing::ElementsAre(testing::HasSubstr("too deep")));
  EXPECT_THAT(read(R"({"ts": 1, "method": "GET", "path": "/"})", "x", {"PUT"}),
              testing::ElementsAre("!x: none of its 1 requests has one of the methods asked for"));
}

TEST(Recording, SpeedShortensTheTimesBetween) {
  ReplaySpec replay;
  replay.speed = 2;
  RecordedRequest request;
  request.at = 3s;
  EXPECT_EQ(due_in_replay(request, replay), 1500ms);
}

}  // namespace
}  // namespace squall::generators
