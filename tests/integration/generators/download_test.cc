#include <filesystem>
#include <fstream>

#include "tests/integration/generators/load_fixture.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

using generators::Protocol;

/// The most memory that this process ever had, in KiB, since forget_peak().
std::size_t peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "VmHWM:") {
      std::size_t kib = 0;
      status >> kib;
      return kib;
    }
  }
  return 0;
}

void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

TEST(Download, OfAGigabyteKeepsNoneOfItEvenWhereTheBodyIsLookedInto) {
  const TemporaryFolder folder;
  auto nginx = start_nginx(folder, free_port());
  ASSERT_TRUE(ok(nginx));
  folder.write("large.bin", "");
  std::filesystem::resize_file(folder.path() / "large.bin", 1'000'000'000);  // A hole: no disk.
  LoadSpec load = open_load(1, 1s);
  load.requests = {get("/large.bin")};
  load.requests[0].expect.body_contains = "nowhere";
  TargetSpec target = target_at(nginx->port(), Protocol::kH2c, 1, 1);
  target.timeout = 60s;
  forget_peak();
  const std::size_t before = peak_kib();
  ASSERT_GT(before, 0U);
  const Ran ran = run_loads(target, {load}, {}, 90s, 1);
  const SecondCell total = ran.total();
  EXPECT_EQ(errors(total, ErrorClass::kUnexpected), 1U) << "whole, but without the text";
  EXPECT_EQ(total.status.at(200), 1U);
  EXPECT_GE(total.bytes_received, 1'000'000'000U);
  EXPECT_LT(peak_kib(), before + 32UL * 1024);
}

}  // namespace
}  // namespace squall::test
