#include <algorithm>

#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

using faults::CpuPressure;
using faults::DescriptorsPressure;
using faults::DiskFillPressure;
using faults::IoPressure;
using faults::MemoryPressure;

constexpr std::uint64_t kMostWorkers = 1024;
constexpr Bytes kSmallestIoFile{std::uint64_t{1} << 20U};
constexpr std::string_view kFolder = "a folder, such as /var/lib/web";

/// What is none would do nothing.
template <typename T>
void check_some(const MapReader& map, const char* key, const std::optional<T>& value, T none) {
  if (!value || *value > none) return;
  map.mistake_at(key, "'" + std::string(key) + "' is nothing: expected more");
}

void check_workers(const MapReader& map, std::uint64_t workers) {
  if (workers <= kMostWorkers) return;
  map.mistake_at("workers", "more than " + std::to_string(kMostWorkers) + " workers");
}

void read_cgroup(const MapReader& map, std::optional<std::string>& cgroup) {
  map.set(cgroup, "cgroup", kLine);
  if (!cgroup || ("/" + *cgroup + "/").find("/../") == std::string::npos) return;
  map.mistake_at("cgroup", in_quotes(*cgroup) + " leaves its place: expected a path without '..'");
}

CpuPressure read_cpu(const MapReader& map) {
  CpuPressure cpu;
  std::optional<Share> share;
  map.set_required(share, "share", kShare);
  check_some(map, "share", share, Share{});
  cpu.share = share.value_or(Share{});
  map.set(cpu.workers, "workers", kCount);
  check_workers(map, cpu.workers.value_or(1));
  read_cgroup(map, cpu.cgroup);
  return cpu;
}

template <typename Pressure>
void read_size_or_share(const MapReader& map, Pressure& pressure) {
  map.exactly_one({"size", "share"});
  map.set(pressure.size, "size", kSize);
  check_some(map, "size", pressure.size, Bytes{});
  map.set(pressure.share, "share", kShare);
  check_some(map, "share", pressure.share, Share{});
}

MemoryPressure read_memory(const MapReader& map) {
  MemoryPressure memory;
  read_size_or_share(map, memory);
  read_cgroup(map, memory.cgroup);
  return memory;
}

IoPressure read_io(const MapReader& map) {
  IoPressure io;
  if (map.require("path", kFolder) != nullptr) map.set(io.path, "path", kLine);
  map.set(io.workers, "workers", kCount);
  check_workers(map, io.workers);
  map.set(io.size, "size", kSize);
  if (io.size < kSmallestIoFile) {
    map.mistake_at("size", "a worker's file has at least 1MiB");
  }
  read_cgroup(map, io.cgroup);
  return io;
}

DiskFillPressure read_disk_fill(const MapReader& map) {
  DiskFillPressure fill;
  if (map.require("path", kFolder) != nullptr) map.set(fill.path, "path", kLine);
  read_size_or_share(map, fill);
  return fill;
}

DescriptorsPressure read_descriptors(Reading& reading, const MapReader& map) {
  DescriptorsPressure descriptors;
  map.exactly_one({"count", "share"});
  map.set(descriptors.count, "count", kCount);
  map.set(descriptors.share, "share", kShare);
  check_some(map, "share", descriptors.share, Share{});
  if (const Node* of = map.find("of")) {
    descriptors.of = read_process_match(reading, *of, map.what() + ".of");
  }
  return descriptors;
}

std::vector<std::string> keys_of(const std::string& resource) {
  if (resource == "cpu") return {"share", "workers", "cgroup"};
  if (resource == "memory") return {"size", "share", "cgroup"};
  if (resource == "io") return {"path", "workers", "size", "cgroup"};
  if (resource == "disk_fill") return {"path", "size", "share"};
  return {"count", "share", "of"};
}

}  // namespace

faults::PressureFault read_pressure_fault(Reading& reading, const Node& node,
                                          const std::string& resource, const std::string& what) {
  const MapReader map(reading, node, what + "." + resource, keys_of(resource));
  faults::PressureFault fault;
  if (!map.is_map()) return fault;
  if (resource == "cpu") fault.what = read_cpu(map);
  if (resource == "memory") fault.what = read_memory(map);
  if (resource == "io") fault.what = read_io(map);
  if (resource == "disk_fill") fault.what = read_disk_fill(map);
  if (resource == "descriptors") fault.what = read_descriptors(reading, map);
  return fault;
}

}  // namespace squall::scenarios
