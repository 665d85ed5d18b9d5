#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include "harness/base/result.h"

namespace squall {

/// An Error whose sentence is the whole reason: nobody but us has said no, and the code, which is
/// for programs, has no words to add. Equal to `code` as any other.
Error reason(std::errc code, std::string_view sentence);

/// What people are told of an Error: its words, and the system's where it was the system that
/// refused.
std::string in_words(const Error& failure);

}  // namespace squall
