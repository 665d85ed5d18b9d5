#include "reports/html/report_html.h"

#include <cstddef>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "reports/json/results_json.h"

#include "tests/unit/reports/html/samples.h"

namespace squall::reports {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kDataBegin = "<script type=\"application/json\" id=\"data\">";

std::size_t occurrences(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

/// What an HTML parser takes for the data: all up to the next end tag of a script.
std::string data_of(const std::string& html) {
  const std::size_t begin = html.find(kDataBegin);
  EXPECT_NE(begin, std::string::npos);
  const std::size_t from = begin + kDataBegin.size();
  return html.substr(from, html.find("</script", from) - from);
}

TEST(ReportHtml, HoldsTheResultsAsTheContractHasThem) {
  const RunResult result = smoke_sample();
  const auto data = nlohmann::ordered_json::parse(data_of(write_html(result)));
  EXPECT_EQ(data["results"], results_json(result));
  EXPECT_TRUE(data["detail"]["loads"].contains("browse"));
}

TEST(ReportHtml, LetsNoNameEndTheDataOrOpenATag) {
  const std::string html = write_html(hostile_names_sample());
  const std::string data = data_of(html);
  EXPECT_THAT(data, Not(HasSubstr("<")));
  const auto parsed = nlohmann::ordered_json::parse(data);
  EXPECT_EQ(parsed["results"]["scenario"],
            "</script><script>window.broken = 1</script><!-- <img src=x>");
  // The page's own two scripts, and no third.
  EXPECT_EQ(occurrences(html, "<script"), 2U);
  EXPECT_EQ(occurrences(html, "</script"), 2U);
  EXPECT_EQ(occurrences(html, "<!--"), 0U);
}

TEST(ReportHtml, EscapesTheScenariosNameInTheTitle) {
  RunResult result;
  result.scenario = "a<b>&c</title>";
  EXPECT_THAT(write_html(result), HasSubstr("<title>a&lt;b&gt;&amp;c&lt;/title&gt;: pass</title>"));
}

TEST(ReportHtml, MendsWhatIsNoUtf8) {
  RunResult result;
  result.scenario = "bytes \xFF\xFE";
  const auto data = nlohmann::ordered_json::parse(data_of(write_html(result)));
  EXPECT_EQ(data["results"]["scenario"], "bytes \xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(ReportHtml, NeedsNothingFromElsewhere) {
  const std::string html = write_html(stall_sample());
  EXPECT_THAT(html, HasSubstr("default-src 'none'; script-src 'sha256-"));
  for (const char* tag : {"<link", "<img", "<iframe", " src=", "@import", "url(http"}) {
    EXPECT_THAT(html, Not(HasSubstr(tag)));
  }
}

TEST(ReportHtml, StaysUnderNineHundredKilobytesBeforeItsFigures) {
  EXPECT_LT(write_html(RunResult{}).size(), 900'000U);
  EXPECT_GT(write_html(RunResult{}).size(), 300'000U);  // With the charts in it.
}

TEST(ReportHtml, ShowsTheVerdictInItsTitle) {
  EXPECT_THAT(write_html(aborted_sample()), HasSubstr("<title>aborted: aborted</title>"));
}

}  // namespace
}  // namespace squall::reports
