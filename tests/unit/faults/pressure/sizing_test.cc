#include "faults/pressure/sizing.h"

#include <cstdint>

#include <gtest/gtest.h>

namespace squall::faults {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;

MemoryBound machine(std::uint64_t total, std::uint64_t available) {
  return {"the machine", total, available, machine_reserve(total)};
}

TEST(MemoryReserve, IsTheLastTwentiethAnd128MiBAtLeast) {
  EXPECT_EQ(machine_reserve(kGiB), 128 * kMiB);
  EXPECT_EQ(machine_reserve(100 * kGiB), 5 * kGiB);
}

TEST(MemoryReserve, OfACgroupIsTheLastTwentiethAnd16MiBAtLeast) {
  EXPECT_EQ(cgroup_reserve(64 * kMiB), 16 * kMiB);
  EXPECT_EQ(cgroup_reserve(20 * kGiB), kGiB);
}

TEST(MemoryGoal, OfASizeIsTheSize) {
  EXPECT_EQ(memory_goal({.size = Bytes{kGiB}, .share = {}, .cgroup = {}}, {}), kGiB);
}

TEST(MemoryGoal, OfAShareIsWhatIsNotInUseYetOfTheTightestBound) {
  MemoryPressure asked;
  asked.share = Share{0.75};
  EXPECT_EQ(memory_goal(asked, {machine(8 * kGiB, 6 * kGiB)}), 4 * kGiB);
  const MemoryBound cgroup{"cgroup web", kGiB, kGiB / 2, cgroup_reserve(kGiB)};
  EXPECT_EQ(memory_goal(asked, {machine(8 * kGiB, 6 * kGiB), cgroup}), kGiB / 4);
}

TEST(MemoryGoal, IsNothingWhereMoreIsInUseAlready) {
  MemoryPressure asked;
  asked.share = Share{0.5};
  EXPECT_EQ(memory_goal(asked, {machine(8 * kGiB, kGiB)}), 0U);
}

TEST(MemoryToHold, GoesToItsGoalWhereThereIsRoom) {
  EXPECT_EQ(memory_to_hold(0, kGiB, {machine(8 * kGiB, 6 * kGiB)}), kGiB);
}

TEST(MemoryToHold, StopsAtTheReserve) {
  const std::uint64_t reserve = machine_reserve(8 * kGiB);
  EXPECT_EQ(memory_to_hold(0, 8 * kGiB, {machine(8 * kGiB, kGiB)}), kGiB - reserve);
  // What it holds already is no longer available.
  EXPECT_EQ(memory_to_hold(kGiB - reserve, 8 * kGiB, {machine(8 * kGiB, reserve)}), kGiB - reserve);
}

TEST(MemoryToHold, GivesBackWhatTheReserveLacks) {
  const std::uint64_t reserve = machine_reserve(8 * kGiB);
  EXPECT_EQ(memory_to_hold(kGiB, kGiB, {machine(8 * kGiB, reserve - 100 * kMiB)}),
            kGiB - 100 * kMiB);
  EXPECT_EQ(memory_to_hold(50 * kMiB, kGiB, {machine(8 * kGiB, reserve - 100 * kMiB)}), 0U);
}

TEST(MemoryToHold, HeedsEveryBound) {
  const MemoryBound cgroup{"cgroup web", kGiB, kGiB / 2, kGiB / 4};
  EXPECT_EQ(memory_to_hold(0, kGiB, {machine(8 * kGiB, 6 * kGiB), cgroup}), kGiB / 4);
}

TEST(TooSmallFor, IsTheFirstBoundThatCouldNeverHoldSoMuch) {
  const auto asked = [](std::uint64_t size) {
    return MemoryPressure{.size = Bytes{size}, .share = {}, .cgroup = {}};
  };
  const MemoryBound cgroup{"cgroup web", kGiB, 0, kGiB / 4};
  const auto all = std::vector{machine(8 * kGiB, 0), cgroup};
  EXPECT_FALSE(too_small_for(asked(kGiB - kGiB / 4), all)) << "what is in use now may go";
  EXPECT_EQ(too_small_for(asked(kGiB), all)->name, "cgroup web");
  EXPECT_EQ(too_small_for(asked(100 * 1024 * kGiB), all)->name, machine(1, 1).name);
  EXPECT_FALSE(too_small_for({.size = {}, .share = Share{1}, .cgroup = {}}, all));
}

TEST(DiskGoal, OfAShareCountsAsDfDoes) {
  const DiskRoom room{.used = 300, .available = 700};
  EXPECT_DOUBLE_EQ(room.used_share(), 0.3);
  EXPECT_EQ(disk_goal({.path = "/", .size = {}, .share = Share{0.95}}, room), 650U);
  EXPECT_EQ(disk_goal({.path = "/", .size = {}, .share = Share{0.2}}, room), 0U);
  EXPECT_EQ(disk_goal({.path = "/", .size = Bytes{64}, .share = {}}, room), 64U);
}

TEST(DiskReserve, IsAHundredthAnd64MiBAtMostAndNothingOfAllOfIt) {
  const DiskRoom small{.used = 30 * kMiB, .available = 70 * kMiB};
  const DiskRoom large{.used = kGiB, .available = 100 * kGiB};
  const DiskFillPressure by_size{.path = "/", .size = Bytes{kGiB}, .share = {}};
  EXPECT_EQ(disk_reserve(by_size, small), kMiB);
  EXPECT_EQ(disk_reserve(by_size, large), 64 * kMiB);
  EXPECT_EQ(disk_reserve({.path = "/", .size = {}, .share = Share{0.99}}, small), kMiB);
  EXPECT_EQ(disk_reserve({.path = "/", .size = {}, .share = Share{1}}, small), 0U);
}

TEST(DescriptorsGoal, OfAShareIsWhatIsNotInUseYet) {
  const FileTable table{.used = 1000, .most = 100'000};
  EXPECT_EQ(descriptors_goal({.count = {}, .share = Share{0.5}}, table), 49'000U);
  EXPECT_EQ(descriptors_goal({.count = 70, .share = {}}, table), 70U);
}

TEST(DescriptorsGoal, OfATableWithoutEndDoesNotOverflow) {
  const FileTable table{.used = 1000, .most = UINT64_MAX};
  EXPECT_EQ(descriptors_goal({.count = {}, .share = Share{1}}, table), UINT64_MAX - 1000);
}

TEST(DescriptorsToHold, KeepsToTheHardLimitAndLeavesOthersAReserve) {
  const FileTable table{.used = 1000, .most = 1'000'000};
  EXPECT_EQ(descriptors_to_hold(500, table, 20'000, 32), 500U);
  EXPECT_EQ(descriptors_to_hold(50'000, table, 20'000, 32), 19'968U);
  EXPECT_EQ(descriptors_to_hold(2'000'000, table, 5'000'000, 32), 989'000U);
  EXPECT_EQ(descriptors_to_hold(500, {.used = 1000, .most = 2000}, 20'000, 32), 0U);
}

}  // namespace
}  // namespace squall::faults
