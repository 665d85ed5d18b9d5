#include "reports/html/absences_html.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

TEST(AbsencesPage, LinksEachRunAndLetsNoTextBeMarkup) {
  AbsenceResult result;
  result.absence = {
      .name = "web.1", .kind = scenarios::Absence::Kind::kInstance, .members = {"web.1"}};
  result.outcome = AbsenceResult::Outcome::kSurvived;
  result.folder = "web.1";
  result.sentence = "a: status < 500 & \"so on\"";
  const std::string page =
      write_absences_html("<b>bold</b>", {.from = 10s, .length = 16s}, {result});
  EXPECT_THAT(page, HasSubstr("<a href=\"web.1/report.html\">web.1</a>"));
  EXPECT_THAT(page, HasSubstr("<span class=\"chip good\">survived</span>"));
  EXPECT_THAT(page, HasSubstr("frozen at 10 s for 16 s"));
  EXPECT_THAT(page, HasSubstr("a: status &lt; 500 &amp; &quot;so on&quot;"));
  EXPECT_THAT(page, Not(HasSubstr("<b>bold")));
}

TEST(AbsencesPage, NeedsNeitherScriptNorNetwork) {
  const std::string page = write_absences_html("x", {.from = 1s, .length = 1s}, {});
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("http")));
}

}  // namespace
}  // namespace squall::reports
