#pragma once

#include <memory>

#include "faults/pressure/stressor.h"
#include "faults/spec/pressure_spec.h"
#include "harness/base/result.h"

namespace squall::faults {

/// One for each resource. They begin to press when they are made, or with their first step.
Result<std::unique_ptr<Stressor>> make_stressor(const CpuPressure& asked);
Result<std::unique_ptr<Stressor>> make_stressor(const MemoryPressure& asked);
Result<std::unique_ptr<Stressor>> make_stressor(const IoPressure& asked);
Result<std::unique_ptr<Stressor>> make_stressor(const DiskFillPressure& asked);
Result<std::unique_ptr<Stressor>> make_stressor(const DescriptorsPressure& asked);

}  // namespace squall::faults
