#include "generators/target/admin.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "generators/target/behaviour.h"

namespace squall::generators {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;
using testing::HasSubstr;
using Action = AdminReply::Action;

class Admin : public testing::Test {
 protected:
  AdminReply ask(std::string_view method, const std::string& what, std::string_view body = {}) {
    const std::string path = "/.squall/" + what;
    return administer({.method = method, .path = path, .body = body}, backend_, connections_, now_);
  }

  Instant now_ = Instant{} + 1h;
  Backend backend_{BehaviourTable{}, 1};
  ConnectionCounts connections_;
};

TEST_F(Admin, IsHealthy) {
  EXPECT_EQ(ask("GET", "health").status, 200);
  EXPECT_EQ(ask("GET", "health?x=1").body, "ok\n");
  EXPECT_EQ(ask("POST", "health").status, 405);
}

TEST_F(Admin, ReplacesAllBehavioursAndShowsThem) {
  EXPECT_EQ(ask("PUT", "behaviour", R"({"/slow": {"status": 201}})").status, 200);
  EXPECT_EQ(backend_.behaviours().at("/slow").status, 201);
  auto shown = parse_behaviours(ask("GET", "behaviour").body);
  ASSERT_TRUE(shown);
  EXPECT_EQ(*shown, backend_.behaviours());
}

TEST_F(Admin, ChangesOnePathOnly) {
  EXPECT_EQ(ask("POST", "behaviour?path=/a%2Fb", R"({"status": 201, "limit": 3})").status, 200);
  EXPECT_EQ(ask("PATCH", "behaviour?path=/a/b", R"({"status": 202})").status, 200);
  EXPECT_EQ(backend_.behaviours().at("/a/b").status, 202);
  EXPECT_EQ(backend_.behaviours().at("/a/b").limit, 3U);
  EXPECT_EQ(ask("POST", "behaviour?path=/a/b", "{}").status, 200);
  EXPECT_EQ(backend_.behaviours().at("/a/b"), Behaviour());
  EXPECT_THAT(ask("GET", "behaviour?path=/a/b").body, HasSubstr("\"status\": 200"));
  EXPECT_EQ(ask("DELETE", "behaviour?path=/a/b").status, 200);
  EXPECT_EQ(ask("GET", "behaviour?path=/a/b").status, 404);
  EXPECT_EQ(ask("DELETE", "behaviour?path=/a/b").status, 404);
}

TEST_F(Admin, RefusesWhatItCannotRead) {
  const AdminReply broken = ask("PUT", "behaviour", "{");
  EXPECT_EQ(broken.status, 400);
  EXPECT_THAT(broken.body, HasSubstr("parse error"));
  EXPECT_THAT(ask("PUT", "behaviour", R"({"/a": {"stats": 1}})").body,
              HasSubstr("unknown key 'stats'"));
  EXPECT_EQ(ask("POST", "behaviour", "{}").status, 400);
  EXPECT_EQ(ask("POST", "behaviour?path=a", "{}").status, 400);
  EXPECT_EQ(ask("TRACE", "behaviour").status, 405);
  EXPECT_EQ(ask("GET", "nonsense").status, 404);
  EXPECT_EQ(ask("PUT", "behaviour", "{\"\xff\": {}}").status, 400);  // Not UTF-8.
  EXPECT_EQ(backend_.behaviours(), (BehaviourTable{{"/", {}}}));
}

TEST_F(Admin, StallsForALengthOfTime) {
  EXPECT_EQ(ask("POST", "stall", R"({"for_ms": 50})").status, 200);
  EXPECT_EQ(backend_.arrive("/", {1, 1}, now_).kind, Reply::Kind::kLater);
  EXPECT_EQ(backend_.next_due(), now_ + 50ms);
  for (const char* wrong : {"", "{}", R"({"for_ms": 0})", R"({"for_ms": "1s"})",
                            R"({"for_ms": 1e9})", R"({"for_ms": 1, "x": 1})", "[1]"}) {
    EXPECT_EQ(ask("POST", "stall", wrong).status, 400) << wrong;
  }
  EXPECT_EQ(ask("GET", "stall").status, 405);
}

TEST_F(Admin, OrdersWhatIsToBeDoneWithConnections) {
  EXPECT_EQ(ask("POST", "goaway").action, Action::kGoAway);
  EXPECT_EQ(ask("POST", "drop-connections").action, Action::kDropConnections);
  const AdminReply silence = ask("POST", "silence", R"({"for_ms": 250})");
  EXPECT_EQ(silence.action, Action::kSilence);
  EXPECT_EQ(silence.silence, Duration(250ms));
  EXPECT_EQ(ask("GET", "goaway").action, Action::kNone);
}

TEST_F(Admin, CountsInJson) {
  backend_.arrive("/", {1, 1}, now_);
  connections_.accepted = 3;
  const auto stats = nlohmann::json::parse(ask("GET", "stats").body);
  EXPECT_EQ(stats["requests"], 1);
  EXPECT_EQ(stats["status"]["200"], 1);
  EXPECT_EQ(stats["connections"]["accepted"], 3);
}

TEST_F(Admin, RefusesABodyThatWasTooLarge) {
  EXPECT_EQ(
      administer(
          {.method = "PUT", .path = "/.squall/behaviour", .body = "{", .is_body_complete = false},
          backend_, connections_, now_)
          .status,
      413);
}

}  // namespace
}  // namespace squall::generators
