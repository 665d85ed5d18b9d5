#include "generators/target/target_options.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "generators/target/target_server.h"

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ListenAddress, IsReadInAllItsSpellings) {
  EXPECT_EQ(*parse_listen_address("127.0.0.1:8443"), (ListenAddress{"127.0.0.1", 8443}));
  EXPECT_EQ(*parse_listen_address("[::1]:0"), (ListenAddress{"::1", 0}));
  EXPECT_EQ(*parse_listen_address(":8443"), (ListenAddress{"127.0.0.1", 8443}));
  EXPECT_EQ(*parse_listen_address("8443"), (ListenAddress{"127.0.0.1", 8443}));
  EXPECT_EQ(to_text({"::1", 8443}), "[::1]:8443");
}

TEST(ListenAddress, SaysWhatItExpected) {
  for (const char* wrong : {"", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "a:b", "127.0.0.1:8x"}) {
    auto read = parse_listen_address(wrong);
    ASSERT_FALSE(read) << wrong;
    EXPECT_THAT(read.error().message(), HasSubstr("expected ADDRESS:PORT")) << wrong;
  }
}

TEST(TargetProtocols, AreReadInAnyOrder) {
  EXPECT_EQ(*parse_target_protocols("h2,h2c"), (TargetProtocols{true, true, false}));
  EXPECT_EQ(*parse_target_protocols("h1,h2c,h2"), (TargetProtocols{true, true, true}));
  EXPECT_EQ(*parse_target_protocols("h1"), (TargetProtocols{false, false, true}));
  EXPECT_EQ(*parse_target_protocols("h2c"), (TargetProtocols{false, true, false}));
  EXPECT_EQ(*parse_target_protocols("h2"), (TargetProtocols{true, false, false}));
  EXPECT_EQ(*parse_target_protocols("h3"), (TargetProtocols{false, false, false, true}));
  for (const char* wrong : {"", "h4", "h2,", "h2 ,h2c"}) {
    EXPECT_TRUE(failed_with(parse_target_protocols(wrong), std::errc::invalid_argument)) << wrong;
  }
}

TEST(TargetOptions, AreReadFromTheCommandLinesTexts) {
  TargetOptionTexts texts;
  texts.listen = {"127.0.0.1:1", "[::1]:2"};
  texts.protocols = "h2";
  texts.behaviours = {"/: status 204", "/slow: service 1ms"};
  auto options = parse_target_options(texts);
  ASSERT_TRUE(ok(options));
  EXPECT_THAT(options->listen, ElementsAre(ListenAddress{"127.0.0.1", 1}, ListenAddress{"::1", 2}));
  EXPECT_EQ(options->behaviours.at("/").status, 204);
  EXPECT_EQ(options->behaviours.size(), 2U);

  texts.behaviours.emplace_back("/slow: status 500");
  EXPECT_TRUE(failed_with(parse_target_options(texts), std::errc::invalid_argument));
  texts.behaviours.clear();
  texts.certificate_file = "cert.pem";
  EXPECT_TRUE(failed_with(parse_target_options(texts), std::errc::invalid_argument));
}

TEST(TargetOptions, WhatIsAboutHttp3NeedsIt) {
  TargetOptionTexts texts;
  texts.protocols = "h2,h3";
  texts.alt_svc = 60;
  texts.retry = texts.early_data = true;
  auto options = parse_target_options(texts);
  ASSERT_TRUE(ok(options));
  EXPECT_EQ(options->alt_svc, std::chrono::seconds(60));
  EXPECT_TRUE(options->retry);
  EXPECT_TRUE(options->early_data);
  texts.protocols = "h2";
  EXPECT_TRUE(failed_with(parse_target_options(texts), std::errc::invalid_argument));
  for (const char* cannot_say_it : {"h3", "h2c,h3"}) {
    texts.protocols = cannot_say_it;
    const auto silent = parse_target_options(texts);
    ASSERT_FALSE(silent);
    EXPECT_THAT(silent.error().message(), HasSubstr("alt-svc is said in answers of h1 and h2"));
  }
}

TEST(TargetOptions, TheLinesToPrintHoldEveryUrl) {
  EXPECT_THAT(
      listening_lines({{"127.0.0.1", 8443}}, {true, true, true}),
      ElementsAre("listening on https://127.0.0.1:8443 (h2, h1), http://127.0.0.1:8443 (h2c, h1)",
                  "admin path, for this machine only: http://127.0.0.1:8443/.squall/behaviour"));
  EXPECT_THAT(listening_lines({{"127.0.0.1", 1}}, {false, false, false, true}),
              ElementsAre("listening on https://127.0.0.1:1 (h3)", testing::_));
  EXPECT_THAT(listening_lines({{"::1", 1}}, {true, false, false}),
              ElementsAre("listening on https://[::1]:1 (h2)",
                          "admin path, for this machine only: https://[::1]:1/.squall/behaviour"));
}

TEST(TargetServer, SaysWhyItCannotBeMade) {
  TargetOptions options;
  options.listen = {{"localhost", 0}};
  auto no_address = TargetServer::make(options);
  ASSERT_FALSE(no_address);
  EXPECT_THAT(no_address.error().message(), HasSubstr("target: listen on localhost:0: not an IP"));

  options.listen = {{"127.0.0.1", 0}};
  options.certificate_file = options.key_file = "/nonexistent.pem";
  auto no_file = TargetServer::make(options);
  ASSERT_FALSE(no_file);
  EXPECT_EQ(no_file.error().message(), "target: read /nonexistent.pem: No such file or directory");

  auto first = TargetServer::make({});
  ASSERT_TRUE(ok(first));
  TargetOptions same;
  same.listen = (*first)->bound();
  EXPECT_TRUE(failed_with(TargetServer::make(same), std::errc::address_in_use));
}

TEST(TargetServer, StoppedBeforeItRunsItDoesNotStayThere) {
  auto server = TargetServer::make({});
  ASSERT_TRUE(ok(server));
  EXPECT_NE((*server)->port(), 0);
  (*server)->stop();
  (*server)->run();
}

}  // namespace
}  // namespace squall::generators
