#include "harness/base/reason.h"

namespace squall {
namespace {

/// The generic codes, as what we say ourselves.
class Reasons final : public std::error_category {
 public:
  const char* name() const noexcept override { return "squall"; }
  std::string message(int code) const override { return std::generic_category().message(code); }
  std::error_condition default_error_condition(int code) const noexcept override {
    return {code, std::generic_category()};
  }
};

const std::error_category& reasons() {
  static const Reasons category;
  return category;
}

}  // namespace

Error reason(std::errc code, std::string_view sentence) {
  return Error{std::error_code(static_cast<int>(code), reasons()), std::string(sentence)};
}

std::string in_words(const Error& failure) {
  // What is wrong with something that was given says so by itself, whoever found it.
  const bool is_whole =
      failure.code.category() == reasons() || failure.code == std::errc::invalid_argument;
  return is_whole && !failure.trail.empty() ? failure.trail : failure.message();
}

}  // namespace squall
