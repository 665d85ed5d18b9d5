#include "harness/coordinator/this_machine.h"

#include <fstream>
#include <iterator>
#include <string>

#include <sched.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "harness/base/version.h"

namespace squall::coordinator {
namespace {

std::string text_of(const char* file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace

std::string cpu_name(std::string_view cpuinfo) {
  // x86 tells "model name"; elsewhere "cpu model", "Model" or nothing.
  for (const std::string_view key : {"model name", "cpu model", "Model"}) {
    const std::size_t line = cpuinfo.find(key);
    if (line == std::string_view::npos) continue;
    const std::size_t colon = cpuinfo.find(':', line);
    const std::size_t end = cpuinfo.find('\n', line);
    if (colon == std::string_view::npos || colon > end) continue;
    std::string_view name = cpuinfo.substr(colon + 1, end - colon - 1);
    while (name.starts_with(' ')) name.remove_prefix(1);
    return std::string(name);
  }
  return {};
}

reports::Machine this_machine() {
  reports::Machine machine;
  machine.squall = version();
  machine.cpu = cpu_name(text_of("/proc/cpuinfo"));
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof cores, &cores) == 0) {
    machine.cores = static_cast<std::uint64_t>(CPU_COUNT(&cores));
  }
  struct sysinfo system {};
  if (sysinfo(&system) == 0) {
    machine.memory_bytes = static_cast<std::uint64_t>(system.totalram) * system.mem_unit;
  }
  utsname kernel{};
  if (uname(&kernel) == 0) {
    machine.kernel = std::string(kernel.sysname) + " " + kernel.release;
    if (machine.cpu.empty()) machine.cpu = kernel.machine;
  }
  return machine;
}

}  // namespace squall::coordinator
