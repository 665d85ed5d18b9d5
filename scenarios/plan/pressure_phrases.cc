#include <array>
#include <cstddef>

#include "scenarios/plan/phrases.h"

namespace squall::scenarios {
namespace {

std::string counted(std::uint64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string inside(const std::optional<std::string>& cgroup) {
  return cgroup ? ", in cgroup " + *cgroup : "";
}

std::string words_of(const faults::CpuPressure& cpu) {
  std::string text = in_words(cpu.share) + " of ";
  text += cpu.workers ? counted(*cpu.workers, "core") : "each core";
  return text + inside(cpu.cgroup);
}

std::string words_of(const faults::MemoryPressure& memory) {
  const std::string text = memory.size ? in_words(*memory.size) + " held"
                                       : in_words(memory.share.value_or(Share{})) + " in use";
  return text + inside(memory.cgroup);
}

std::string words_of(const faults::IoPressure& io) {
  return "write and fdatasync at " + io.path + ", " + counted(io.workers, "worker") +
         " with a file of " + in_words(io.size) + inside(io.cgroup);
}

std::string words_of(const faults::DiskFillPressure& fill) {
  if (fill.size) return in_words(*fill.size) + " of " + fill.path + " taken";
  return in_words(fill.share.value_or(Share{})) + " of " + fill.path + " in use";
}

std::string words_of(const faults::DescriptorsPressure& descriptors) {
  if (descriptors.of) {
    const std::string whose = " of the files that " + victims(*descriptors.of) + " may open";
    return descriptors.count ? std::to_string(*descriptors.count) + whose + " taken away"
                             : in_words(descriptors.share.value_or(Share{})) + whose + " in use";
  }
  if (descriptors.count) return counted(*descriptors.count, "file") + " held open";
  return in_words(descriptors.share.value_or(Share{})) + " of the machine's file table in use";
}

}  // namespace

std::string in_words(Bytes size) {
  constexpr std::array kUnits{" B", " KiB", " MiB", " GiB", " TiB"};
  auto value = static_cast<double>(size.count);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return number(value) + kUnits.at(unit);
}

std::string pressure_words(const faults::PressureFault& fault) {
  return std::string(fault.resource()) + ": " +
         std::visit([](const auto& pressure) { return words_of(pressure); }, fault.what);
}

}  // namespace squall::scenarios
