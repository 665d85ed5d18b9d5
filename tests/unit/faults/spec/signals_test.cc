#include "faults/spec/signals.h"

#include <csignal>

#include <gtest/gtest.h>

namespace squall::faults {
namespace {

TEST(Signals, AreKnownByTheirNameWithAndWithoutSig) {
  EXPECT_EQ(signal_number("KILL"), SIGKILL);
  EXPECT_EQ(signal_number("SIGSTOP"), SIGSTOP);
  EXPECT_EQ(signal_number("KIL"), std::nullopt);
}

TEST(Signals, AreToldAsPeopleSayThem) {
  EXPECT_EQ(describe_signal(SIGKILL), "SIGKILL");
  EXPECT_EQ(describe_signal(40), "signal 40");
}

TEST(Signals, HaveNamesThatLeadBackToThem) {
  for (const std::string& name : signal_names()) {
    EXPECT_EQ(signal_name(signal_number(name).value_or(0)), name);
  }
}

}  // namespace
}  // namespace squall::faults
