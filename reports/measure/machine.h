#pragma once

#include <cstdint>
#include <string>

namespace squall::reports {

/// The machine on which a run was measured, and by which program: what two runs must have in common
/// for their figures to be compared.
struct Machine {
  std::string cpu;                 ///< "AMD EPYC 7763 64-Core Processor"; empty: not known.
  std::uint64_t cores = 0;         ///< That this process may use.
  std::uint64_t memory_bytes = 0;  ///< 0: not known.
  std::string kernel;              ///< "Linux 6.1.0-28-amd64".
  std::string squall;              ///< "0.1.0".
  bool operator==(const Machine&) const = default;
};

}  // namespace squall::reports
