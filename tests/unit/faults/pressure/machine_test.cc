#include "faults/pressure/machine.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::faults {
namespace {

TEST(Meminfo, IsReadInBytes) {
  const auto bound =
      read_meminfo("MemTotal:       8388608 kB\nMemFree:  1 kB\nMemAvailable: 4194304 kB\n");
  ASSERT_TRUE(bound);
  EXPECT_EQ(bound->total, std::uint64_t{8} << 30U);
  EXPECT_EQ(bound->available, std::uint64_t{4} << 30U);
  EXPECT_EQ(bound->reserve, machine_reserve(bound->total));
}

TEST(Meminfo, IsNotGuessedAt) {
  EXPECT_FALSE(read_meminfo(""));
  EXPECT_FALSE(read_meminfo("MemTotal: 1 kB\n"));
  EXPECT_FALSE(read_meminfo("MemTotal: kB\nMemAvailable: 99999999999999999999 kB\n"));
}

TEST(FileNr, IsUsedUnusedAndMost) {
  const auto table = read_file_nr("1216\t0\t9223372036854775807\n");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->used, 1216U);
  EXPECT_EQ(table->most, 9223372036854775807U);
  EXPECT_FALSE(read_file_nr("1216 0"));
}

TEST(Machine, TellsOfItself) {
  const auto bounds = memory_bounds();
  ASSERT_TRUE(ok(bounds));
  ASSERT_FALSE(bounds->empty());
  EXPECT_GT(bounds->front().total, bounds->front().available);
  const auto table = file_table();
  ASSERT_TRUE(ok(table));
  EXPECT_GT(table->used, 0U);
  EXPECT_TRUE(is_in_memory("/dev/shm"));
  EXPECT_FALSE(is_in_memory("/proc"));
}

TEST(NamelessFile, NeedsAFolder) {
  const auto file = open_nameless("/nowhere/at/all");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message(), "make a file in /nowhere/at/all: No such file or directory");
}

TEST(NamelessFile, IsRefusedWhereTheFileSystemHasNone) {
  const auto file = open_nameless("/proc");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, std::errc::not_supported) << file.error().message();
}

TEST(Words, OfSizesAndShares) {
  EXPECT_EQ(size_words(100), "100 B");
  EXPECT_EQ(size_words(std::uint64_t{512} << 20U), "512 MiB");
  EXPECT_EQ(size_words(std::uint64_t{3} << 29U), "1.5 GiB");
  EXPECT_EQ(share_words(0.8012), "80.1 %");
}

}  // namespace
}  // namespace squall::faults
