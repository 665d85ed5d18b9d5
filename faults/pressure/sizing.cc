#include "faults/pressure/sizing.h"

#include <algorithm>
#include <cmath>

namespace squall::faults {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::uint64_t kMachineReserve = 128 * kMiB;
constexpr std::uint64_t kCgroupReserve = 16 * kMiB;
constexpr std::uint64_t kMostDiskReserve = 64 * kMiB;
constexpr std::uint64_t kFileReserve = 1024;

/// `a` − `b`, and 0 where that is less.
std::uint64_t less(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }

std::uint64_t part_of(Share share, std::uint64_t whole) {
  const double part = std::round(share.value * static_cast<double>(whole));
  // A double may round up to more than the whole, which may be more than can be converted.
  return part >= static_cast<double>(whole) ? whole : static_cast<std::uint64_t>(part);
}

}  // namespace

std::uint64_t machine_reserve(std::uint64_t total) { return std::max(total / 20, kMachineReserve); }

std::uint64_t cgroup_reserve(std::uint64_t limit) { return std::max(limit / 20, kCgroupReserve); }

std::uint64_t memory_goal(const MemoryPressure& asked, const std::vector<MemoryBound>& bounds) {
  if (asked.size) return asked.size->count;
  if (!asked.share || bounds.empty()) return 0;
  const MemoryBound& tightest = *std::min_element(
      bounds.begin(), bounds.end(),
      [](const MemoryBound& a, const MemoryBound& b) { return a.total < b.total; });
  const std::uint64_t used = less(tightest.total, tightest.available);
  return less(part_of(*asked.share, tightest.total), used);
}

std::optional<MemoryBound> too_small_for(const MemoryPressure& asked,
                                         const std::vector<MemoryBound>& bounds) {
  if (!asked.size) return {};
  for (const MemoryBound& bound : bounds) {
    if (asked.size->count > less(bound.total, bound.reserve)) return bound;
  }
  return {};
}

std::uint64_t memory_to_hold(std::uint64_t held, std::uint64_t goal,
                             const std::vector<MemoryBound>& bounds) {
  std::uint64_t most = goal;
  for (const MemoryBound& bound : bounds) {
    if (bound.available >= bound.reserve) {
      most = std::min(most, held + (bound.available - bound.reserve));
    } else {
      most = std::min(most, less(held, bound.reserve - bound.available));
    }
  }
  return most;
}

double DiskRoom::used_share() const {
  const std::uint64_t whole = used + available;
  return whole == 0 ? 1 : static_cast<double>(used) / static_cast<double>(whole);
}

std::uint64_t disk_reserve(const DiskFillPressure& asked, const DiskRoom& room) {
  if (asked.share && asked.share->value >= 1) return 0;
  return std::min((room.used + room.available) / 100, kMostDiskReserve);
}

std::uint64_t disk_goal(const DiskFillPressure& asked, const DiskRoom& room) {
  if (asked.size) return asked.size->count;
  return less(part_of(asked.share.value_or(Share{}), room.used + room.available), room.used);
}

std::uint64_t descriptors_goal(const DescriptorsPressure& asked, const FileTable& table) {
  if (asked.count) return *asked.count;
  return less(part_of(asked.share.value_or(Share{}), table.most), table.used);
}

std::uint64_t descriptors_to_hold(std::uint64_t goal, const FileTable& table,
                                  std::uint64_t hard_limit, std::uint64_t own) {
  const std::uint64_t reserve = std::max(table.most / 100, kFileReserve);
  return std::min({goal, less(less(table.most, table.used), reserve), less(hard_limit, own)});
}

}  // namespace squall::faults
