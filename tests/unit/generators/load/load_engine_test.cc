#include "generators/load/load_engine.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

using namespace std::chrono_literals;

TargetSpec target() {
  TargetSpec spec;
  spec.name = "edge";
  spec.protocol = Protocol::kH2c;
  spec.urls.push_back({"http", "127.0.0.1", 1, "/"});
  return spec;
}

LoadSpec load() {
  LoadSpec spec;
  spec.name = "browse";
  spec.target = "edge";
  spec.schedule = OpenSpec{Arrivals::kConstant, {{Rate{10}, Rate{10}, 1h}}};
  RequestSpec request;
  request.path.parts.emplace_back("/");
  spec.requests.push_back(request);
  return spec;
}

std::string refusal(const TargetSpec& to, const LoadSpec& of) {
  auto engine = LoadEngine::make({to}, {of}, {});
  return engine ? "" : engine.error().message();
}

TEST(LoadEngine, SaysWhatIsWrongBeforeAnyLoad) {
  EXPECT_EQ(refusal(target(), load()), "");

  LoadSpec elsewhere = load();
  elsewhere.target = "nowhere";
  EXPECT_NE(refusal(target(), elsewhere).find("no target nowhere"), std::string::npos);

  LoadSpec nobody = load();
  nobody.cookies = true;
  EXPECT_NE(refusal(target(), nobody).find("load browse: cookies"), std::string::npos);

  LoadSpec pointer = load();
  pointer.is_flow = true;
  pointer.requests[0].take["id"] = "json:id";
  EXPECT_NE(refusal(target(), pointer).find("take id: json:id is no JSON pointer"),
            std::string::npos);

  TargetSpec h3 = target();
  h3.protocol = Protocol::kH3;
  EXPECT_NE(refusal(h3, load()).find("h3 needs https"), std::string::npos);

  TargetSpec tls = target();
  tls.protocol = Protocol::kH2;
  EXPECT_NE(refusal(tls, load()).find("h2 needs https"), std::string::npos);

  TargetSpec nowhere = target();
  nowhere.source = {"127.0.0.1/33"};
  EXPECT_NE(refusal(nowhere, load()).find("target edge: source: 127.0.0.1/33 is no address"),
            std::string::npos);

  TargetSpec huge = target();
  huge.connections = 100'000'000;
  EXPECT_NE(refusal(huge, load()).find("descriptors"), std::string::npos);
}

TEST(LoadEngine, StoppedBeforeItsStartItIsDoneAndHasNothing) {
  auto engine = LoadEngine::make({target()}, {load()}, {});
  ASSERT_TRUE(ok(engine));
  (*engine)->start(std::chrono::steady_clock::now() + 1h);
  (*engine)->stop(1s);
  const auto give_up = std::chrono::steady_clock::now() + 5s;
  while (!(*engine)->is_done() && std::chrono::steady_clock::now() < give_up) {
  }
  EXPECT_TRUE((*engine)->is_done());
  EXPECT_TRUE((*engine)->collect().cells.empty());
}

TEST(LoadEngine, WithoutLoadsItIsDoneAtOnce) {
  auto engine = LoadEngine::make({}, {}, {});
  ASSERT_TRUE(ok(engine));
  (*engine)->start(std::chrono::steady_clock::now());
  const auto give_up = std::chrono::steady_clock::now() + 5s;
  while (!(*engine)->is_done() && std::chrono::steady_clock::now() < give_up) {
  }
  EXPECT_TRUE((*engine)->is_done());
}

TEST(LoadEngine, CanBeDestroyedWithoutAStart) {
  EXPECT_TRUE(ok(LoadEngine::make({target()}, {load()}, {})));
}

}  // namespace
}  // namespace squall::generators
