#include "generators/request/prepared_request.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "generators/spec/recording.h"

#include "tests/support/real_server.h"
#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

const Url kUrl{"https", "edge.example", 8443, "/"};

RequestSpec get(const std::string& path) {
  RequestSpec spec;
  spec.name = "GET " + path;
  spec.path.parts.emplace_back(path);
  return spec;
}

PreparedRequest prepare(const RequestSpec& spec, const Url& url = kUrl) {
  auto made = PreparedRequest::make(spec, url, "");
  EXPECT_TRUE(ok(made));
  return *std::move(made);
}

std::string shown(const RenderedRequest& request) {
  std::string text;
  for (const auto& [name, value] : request.headers)
    text.append(name).append("=").append(value) += '|';
  return text.append(request.content());
}

TEST(PreparedRequest, KnowsWhichMethodsMayBeRepeated) {
  RequestSpec spec = get("/");
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}) {
    spec.method = method;
    EXPECT_TRUE(PreparedRequest::is_idempotent(prepare(spec).constant())) << method;
  }
  for (const char* method : {"POST", "PATCH"}) {
    spec.method = method;
    EXPECT_FALSE(PreparedRequest::is_idempotent(prepare(spec).constant())) << method;
  }
}

TEST(PreparedRequest, ReplaysTheHeadersAndTheBodyOfAHarButForWhatIsOursToSay) {
  auto recording = parse_recording(
      R"({"log": {"entries": [
        {"startedDateTime": "2026-11-21T10:00:00.000Z", "request": {"method": "POST",
         "url": "https://elsewhere/api?x=1", "headers": [
          {"name": ":authority", "value": "elsewhere"}, {"name": "Host", "value": "elsewhere"},
          {"name": "Content-Type", "value": " a/b "}, {"name": "Content-Length", "value": "999"},
          {"name": "Connection", "value": "close"}, {"name": "User-Agent", "value": "browser"},
          {"name": "X-Break", "value": "a\r\nb: c"}],
         "postData": {"text": "body"}}},
        {"startedDateTime": "2026-11-21T10:00:00.040Z", "request": {"method": "GET", "url": "/",
         "headers": [{"name": "Accept", "value": "*/*"}]}}]}})",
      "page.har", std::nullopt, {});
  ASSERT_TRUE(ok(recording));
  auto made = PreparedRequest::make_replay(std::make_shared<const Recording>(*std::move(recording)),
                                           get("/"), kUrl);
  ASSERT_TRUE(ok(made));
  RenderedRequest rendered;
  made->render({0, 0, 0, 0, {}, nullptr}, rendered);
  EXPECT_EQ(shown(rendered),
            ":method=POST|:scheme=https|:authority=edge.example:8443|:path=/api?x=1|"
            "content-type=a/b|user-agent=browser|x-break=ab: c|content-length=4|body");
  made->render({0, 1, 1, 0, {}, nullptr}, rendered);
  EXPECT_EQ(shown(rendered),
            ":method=GET|:scheme=https|:authority=edge.example:8443|:path=/|accept=*/*|"
            "user-agent=squall|");
}

TEST(PreparedRequest, PutsPseudoHeadersFirst) {
  RequestSpec spec = get("/a?b=c");
  spec.headers.emplace_back("accept", Template{{std::string("*/*")}});
  const PreparedRequest request = prepare(spec);
  EXPECT_TRUE(request.is_constant());
  EXPECT_FALSE(request.has_body());
  EXPECT_EQ(shown(request.constant()),
            ":method=GET|:scheme=https|:authority=edge.example:8443|:path=/a?b=c|accept=*/*|"
            "user-agent=squall|");
}

TEST(PreparedRequest, RendersWhatVariesAnewAndKeepsTheRest) {
  RequestSpec spec = get("");
  spec.method = "POST";
  spec.path = Template{{std::string("/i/"), Sequence{}}};
  spec.body = Template{{std::string("n="), Sequence{}}};
  const PreparedRequest request = prepare(spec);
  EXPECT_FALSE(request.is_constant());
  RenderedRequest out;
  RenderContext context;
  context.number = 5;
  request.render(context, out);
  context.number = 1234;
  request.render(context, out);
  EXPECT_EQ(shown(out),
            ":method=POST|:scheme=https|:authority=edge.example:8443|:path=/i/1234|"
            "user-agent=squall|content-length=6|n=1234");
}

TEST(PreparedRequest, LeavesOutWhatBelongsToAConnection) {
  RequestSpec spec = get("/");
  spec.headers.emplace_back("connection", Template{{std::string("close")}});
  spec.headers.emplace_back("host", Template{{std::string("other.example")}});
  spec.headers.emplace_back("user-agent", Template{{std::string("mine")}});
  EXPECT_EQ(shown(prepare(spec).constant()),
            ":method=GET|:scheme=https|:authority=other.example|:path=/|user-agent=mine|");
}

TEST(PreparedRequest, StaysBelowThePathOfTheUrl) {
  const Url below{"https", "edge.example", 443, "/base/"};
  EXPECT_EQ(prepare(get("/x"), below).constant().headers[3].value, "/base/x");
  EXPECT_EQ(prepare(get("/x"), below).constant().headers[2].value, "edge.example");
}

TEST(PreparedRequest, SaysWhichRequestCannotBeMade) {
  RequestSpec spec = get("/x");
  spec.body_file = "/nowhere/body.json";
  auto missing = PreparedRequest::make(spec, kUrl, "");
  ASSERT_TRUE(failed_with(missing, std::errc::no_such_file_or_directory));
  EXPECT_NE(missing.error().message().find("GET /x"), std::string::npos);

  RequestSpec flow = get("/x");
  flow.headers.emplace_back("x-id", Template{{TakenValue{"id"}}});
  EXPECT_TRUE(failed_with(PreparedRequest::make(flow, kUrl, ""), std::errc::invalid_argument));
}

TEST(PreparedRequest, ABodyFromAFileIsMappedAndNeverCopied) {
  const test::TemporaryFolder folder;
  folder.write("body.txt", "from a file");
  RequestSpec spec = get("/x");
  spec.body_file = "body.txt";
  spec.headers.emplace_back("x-n", Template{{Sequence{}}});
  auto request = PreparedRequest::make(spec, kUrl, folder.path());
  ASSERT_TRUE(ok(request));
  RenderedRequest one;
  RenderedRequest two;
  request->render({}, one);
  request->render({}, two);
  EXPECT_EQ(one.content(), "from a file");
  EXPECT_EQ(one.content().data(), two.content().data());
  EXPECT_EQ(one.content().data(), request->constant().content().data());
  EXPECT_EQ(one.headers.back().value, "11");

  folder.write("empty", "");
  spec.body_file = "empty";
  auto empty = PreparedRequest::make(spec, kUrl, folder.path());
  ASSERT_TRUE(ok(empty));
  EXPECT_TRUE(empty->has_body());
  EXPECT_EQ(empty->constant().headers.back().value, "0");
}

TEST(PreparedRequest, SendsTheCookiesOfItsHostAfterThoseOfTheScenario) {
  RequestSpec spec = get("/shop/cart");
  auto request = PreparedRequest::make(spec, kUrl, "", {}, true);
  ASSERT_TRUE(ok(request));
  EXPECT_FALSE(request->is_constant());
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  CookieJar jar;
  jar.set("a=1; Path=/shop", "edge.example", "/", true, now);
  jar.set("b=2", "other.example", "/", true, now);
  RenderContext context;
  RenderedRequest out;
  request->render(context, out);
  EXPECT_EQ(out.headers.back().name, "user-agent");
  context.cookies = &jar;
  request->render(context, out);
  EXPECT_EQ(out.headers.back().name, "cookie");
  EXPECT_EQ(out.headers.back().value, "a=1");

  spec.headers.emplace_back("cookie", Template{{std::string("fixed=0")}});
  auto both = PreparedRequest::make(spec, kUrl, "", {}, true);
  ASSERT_TRUE(ok(both));
  both->render(context, out);
  EXPECT_EQ(out.headers[4].value, "fixed=0; a=1");
}

TEST(PreparedRequest, TheHostMayVary) {
  RequestSpec spec = get("/x");
  spec.headers.emplace_back("host", Template{{std::string("h"), Sequence{}, std::string(".test")}});
  RenderContext context;
  context.number = 3;
  RenderedRequest out;
  prepare(spec).render(context, out);
  EXPECT_EQ(out.headers[2].value, "h3.test");
}

}  // namespace
}  // namespace squall::generators
