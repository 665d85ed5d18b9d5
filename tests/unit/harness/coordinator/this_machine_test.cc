#include "harness/coordinator/this_machine.h"

#include <gtest/gtest.h>

namespace squall::coordinator {
namespace {

TEST(ThisMachine, IsKnownToHaveACoreMemoryAndAKernel) {
  const reports::Machine here = this_machine();
  EXPECT_GE(here.cores, 1U);
  EXPECT_GT(here.memory_bytes, 1'000'000U);
  EXPECT_TRUE(here.kernel.starts_with("Linux ")) << here.kernel;
  EXPECT_FALSE(here.cpu.empty());
  EXPECT_EQ(here, this_machine());
}

TEST(ThisMachine, ReadsTheNameOfTheProcessor) {
  EXPECT_EQ(cpu_name("processor\t: 0\nmodel name\t: AMD EPYC 7763\nflags\t: fpu\n"),
            "AMD EPYC 7763");
  EXPECT_EQ(cpu_name("processor\t: 0\nBogoMIPS\t: 50\n"), "");
  EXPECT_EQ(cpu_name("model name"), "");
}

}  // namespace
}  // namespace squall::coordinator
