#include "reports/measure/outcome.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace squall::reports {
namespace {

TEST(ErrorClass, HasANameThatFindsItAgain) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kErrorClasses; ++i) {
    const auto error = static_cast<ErrorClass>(i);
    EXPECT_EQ(error_class(to_string(error)), error);
    names.insert(to_string(error));
  }
  EXPECT_EQ(names.size(), kErrorClasses);
  EXPECT_EQ(to_string(ErrorClass::kTimeout), "timeout");
  EXPECT_EQ(to_string(ErrorClass::kUnexpected), "unexpected");
}

TEST(ErrorClass, AnUnknownNameIsNone) {
  EXPECT_EQ(error_class("tiemout"), ErrorClass::kNone);
  EXPECT_EQ(error_class(""), ErrorClass::kNone);
}

TEST(Metric, IsNamedAsInTheContract) {
  EXPECT_EQ(to_string(Metric::kResponse), "response");
  EXPECT_EQ(to_string(Metric::kService), "service");
  EXPECT_EQ(to_string(Metric::kTtfb), "ttfb");
  EXPECT_EQ(to_string(Metric::kLateness), "lateness");
  EXPECT_EQ(to_string(Metric::kResolve), "resolve");
  EXPECT_EQ(to_string(Metric::kConnect), "connect");
  EXPECT_EQ(to_string(Metric::kTls), "tls");
}

}  // namespace
}  // namespace squall::reports
