#pragma once

#include <system_error>

#include "harness/base/result.h"

namespace squall::faults {

/// What only faults can fail with.
enum class FaultErrc {
  kResidue = 1,  ///< Something is left of a change: it could not be undone, or was not seen undone.
};

const std::error_category& fault_category() noexcept;
std::error_code make_error_code(FaultErrc code) noexcept;

/// `cause` as residue: its words stay, the code says how grave it is.
Error as_residue(const Error& cause);

/// True when `failure` means that something of ours was left behind.
bool is_residue(const Error& failure) noexcept;

}  // namespace squall::faults

template <>
struct std::is_error_code_enum<squall::faults::FaultErrc> : std::true_type {};
