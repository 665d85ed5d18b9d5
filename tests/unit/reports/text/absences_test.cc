#include "reports/text/absences.h"

#include <chrono>
#include <limits>

#include <gtest/gtest.h>

#include "tests/support/golden.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using Outcome = AbsenceResult::Outcome;
using Kind = scenarios::Absence::Kind;

std::vector<AbsenceResult> ranked() {
  AbsenceResult proxy;
  proxy.absence = {.name = "haproxy", .kind = Kind::kService, .members = {"haproxy"}};
  proxy.outcome = Outcome::kSinglePoint;
  proxy.samples = proxy.not_ok = 1700;
  proxy.budget_spent = std::numeric_limits<double>::infinity();
  proxy.worst_not_ok = 1;
  proxy.worst_p99 = 2s;
  proxy.recovered = 1200ms;
  proxy.sentence = "available: 0 % with status < 500, goal 100 %: 1,700 of 1,700 were bad";
  AbsenceResult web;
  web.absence = {.name = "web.1", .kind = Kind::kInstance, .members = {"web.1"}};
  web.outcome = Outcome::kSurvived;
  web.samples = 1700;
  web.not_ok = 5;
  web.budget_spent = 0.294;
  web.worst_p99 = 620ms;
  web.recovered_under = 900ms;
  web.recovered = 0ms;
  web.sentence = "99.7 % of 1,700 requests were ok without it; steady again after 900 ms";
  AbsenceResult rack;
  rack.absence = {.name = "rack-a", .kind = Kind::kDomain, .members = {"web.1", "cache"}};
  rack.sentence = "the generator was the bottleneck";
  return {proxy, rack, web};
}

TEST(AbsencesTable, IsThatOfTheGoldenFiles) {
  expect_golden("absences.txt", write_absences("two-behind-one", ranked(), {.columns = 100}));
  expect_golden("absences-ascii.txt",
                write_absences("two-behind-one", ranked(),
                               {.columns = 80, .color = false, .unicode = false}));
}

TEST(AbsencesTable, OfNothingIsASentence) {
  EXPECT_EQ(write_absences("empty", {}, {}),
            "empty: no single point of failure was found: 0 things taken away in turn\n");
}

}  // namespace
}  // namespace squall::reports
