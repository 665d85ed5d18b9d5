#include "reports/hdr/read_histogram_log.h"

#include <chrono>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/hdr/histogram_log.h"

#include "tests/support/result_matchers.h"
#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(ReadHlog, GivesBackWhatWasWritten) {
  SampleRun run;
  run.answers(0, 7, 3ms).answers(4, 2, 900ms);
  const auto log = write_hlog(run.record());
  ASSERT_TRUE(ok(log));
  std::map<std::int64_t, Histogram> seen;
  ASSERT_TRUE(ok(read_hlog(
      *log, [](std::string_view tag) { return tag == "browse"; },
      [&](std::string_view tag, std::int64_t second, const Histogram& histogram) {
        EXPECT_EQ(tag, "browse");
        seen[second] = histogram;
      })));
  ASSERT_EQ(seen.size(), 2U);
  for (const std::int64_t second : {0, 4}) {
    EXPECT_TRUE(seen.at(second) ==
                run.record().ledger.sum("browse", second, second + 1).of(Metric::kResponse));
  }
}

TEST(ReadHlog, FillsTheSecondsOfALoadAndPassesOverOthers) {
  SampleRun run;
  run.answers(0, 7, 3ms).answers(4, 2, 900ms);
  const auto log = write_hlog(run.record());
  ASSERT_TRUE(ok(log));
  ComparedRun compared;
  compared.loads.emplace_back().name = "browse";
  compared.loads[0].from = 1;
  compared.loads[0].seconds.resize(5);
  ASSERT_TRUE(ok(add_responses(*log, compared)));
  EXPECT_EQ(compared.loads[0].seconds[3].response.count(), 2U);
  EXPECT_TRUE(compared.loads[0].seconds[0].response.empty()) << "second 0 was before it";
}

TEST(ReadHlog, NamesTheLineThatItCannotRead) {
  const auto read = [](const std::string& line) {
    ComparedRun run;
    run.loads.emplace_back().name = "a";
    const auto result = add_responses("#[a comment]\n" + line + "\n", run);
    return result ? std::string("fine") : result.error().message();
  };
  const std::string good = "Tag=a,1.000,1.000,3.000," + *compressed_base64([] {
                             Histogram one;
                             one.record(3ms);
                             return one;
                           }());
  EXPECT_EQ(read(good), "fine");
  EXPECT_THAT(read("nonsense"), HasSubstr("line 2: no line of squall's histogram log"));
  EXPECT_THAT(read("Tag=a,1.5,1.000,3,AAAA"), HasSubstr("line 2: no line"));
  EXPECT_THAT(read("Tag=a,1.000,1.000,3,$$$$"), HasSubstr("line 2: not base64"));
  EXPECT_THAT(read("Tag=a,1.000,1.000,3,AAAA"), HasSubstr("line 2: shorter than its header"));
  EXPECT_THAT(read("Tag=a,1.000,1.000,3,AAAAAAAAAAAAAAAA"), HasSubstr("not a compressed"));
  EXPECT_THAT(read(good.substr(0, good.size() - 8)), HasSubstr("payload length does not match"));
  EXPECT_EQ(read("Tag=other,1.000,1.000,3,$$$$"), "fine") << "not looked at";
}

}  // namespace
}  // namespace squall::reports
