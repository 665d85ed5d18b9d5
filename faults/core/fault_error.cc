#include "faults/core/fault_error.h"

#include <string>

#include "harness/base/reason.h"

namespace squall::faults {
namespace {

class FaultCategory : public std::error_category {
 public:
  const char* name() const noexcept override { return "fault"; }
  std::string message(int code) const override {
    return code == static_cast<int>(FaultErrc::kResidue) ? "residue is left" : "unknown";
  }
};

}  // namespace

const std::error_category& fault_category() noexcept {
  static const FaultCategory kCategory;
  return kCategory;
}

std::error_code make_error_code(FaultErrc code) noexcept {
  return {static_cast<int>(code), fault_category()};
}

Error as_residue(const Error& cause) {
  if (is_residue(cause)) return cause;
  // A kernel that finds an argument invalid does not say by that which it was.
  const bool is_kernels = cause.code == std::make_error_code(std::errc::invalid_argument);
  return Error{make_error_code(FaultErrc::kResidue),
               is_kernels ? cause.message() : in_words(cause)};
}

bool is_residue(const Error& failure) noexcept {
  return failure.code == make_error_code(FaultErrc::kResidue);
}

}  // namespace squall::faults
