// Whatever a server answers, a request that looks into it comes to a verdict: bodies are decoded,
// values taken, cookies kept and sent back as one line. The first byte chooses the coding.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "generators/request/answer_reader.h"
#include "generators/request/cookie_jar.h"
#include "generators/request/prepared_request.h"

namespace {

using squall::generators::AnswerReader;
using squall::generators::CookieJar;
using squall::generators::PreparedRequest;
using squall::generators::RequestSpec;

const PreparedRequest& request() {
  static const PreparedRequest kRequest = [] {
    RequestSpec spec;
    spec.path.parts.emplace_back(std::string("/"));
    spec.expect.body_contains = "ok";
    spec.take = {{"a", "regex:<a>([^<]*)"}, {"b", "json:/list/0/id"}, {"c", "header:location"}};
    static const std::vector<std::string> kNames{"a", "b", "c"};
    auto made =
        PreparedRequest::make(spec, {"https", "edge", 443, "/"}, "", {nullptr, &kNames}, true);
    if (!made) std::abort();
    return *std::move(made);
  }();
  return kRequest;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const char coding = text.front();
  text.remove_prefix(1);
  static AnswerReader reader;
  reader.begin(request());
  if (coding == 'g') reader.header("content-encoding", "gzip");
  if (coding == 'b') reader.header("content-encoding", "br");
  const std::string_view head = text.substr(0, text.find('\n'));
  reader.header("set-cookie", head);
  reader.header("location", head);
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t some = std::min<std::size_t>(rest.size(), 97);
    reader.body(rest.substr(0, some));
    rest.remove_prefix(some);
  }
  const bool is_good = reader.is_as_expected(200);
  if (is_good && !reader.why().empty()) std::abort();

  const CookieJar::Time now{std::chrono::seconds(1'800'000'000)};
  CookieJar jar;
  for (const std::string& cookie : reader.cookies()) jar.set(cookie, "edge", "/a/b", true, now);
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    jar.set(rest.substr(0, end), "edge", "/a/b", true, now);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::string sent;
  jar.append_to(sent, "edge", "/a/b", true, now);
  if (sent.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) std::abort();
  return 0;
}
