#include "generators/transport/tls.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

TEST(TlsContext, IsMadeFromTheDefaults) { EXPECT_TRUE(ok(TlsContext::make({}, "", {"h2"}))); }

TEST(TlsContext, SaysWhichFileItCannotTake) {
  TlsSpec spec;
  spec.ca = "nowhere.pem";
  auto made = TlsContext::make(spec, "/no/such/folder", {"h2"});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message().find("ca: /no/such/folder/nowhere.pem"), std::string::npos);

  TlsSpec mutual;
  mutual.certificate = "/dev/null";
  mutual.key = "/dev/null";
  EXPECT_FALSE(TlsContext::make(mutual, "", {"h2"}));
}

TEST(TlsContext, RefusesAVersionThatIsNone) {
  TlsSpec spec;
  spec.min_version = "1.4";
  EXPECT_TRUE(failed_with(TlsContext::make(spec, "", {"h2"}), std::errc::invalid_argument));
}

TEST(TlsContext, RefusesWhatIsNotYetThere) {
  TlsSpec early;
  early.early_data = true;
  EXPECT_TRUE(failed_with(TlsContext::make(early, "", {"h2"}), std::errc::not_supported));
}

TEST(TlsContext, ResumesSessionsOnlyWhereToldTo) {
  TlsSpec spec;
  EXPECT_FALSE(TlsContext::make(spec, "", {"h2"})->resumes_sessions());
  spec.resume_sessions = true;
  EXPECT_TRUE(TlsContext::make(spec, "", {"h2"})->resumes_sessions());
}

}  // namespace
}  // namespace squall::generators
