#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace squall {

/// The word of `words` that was probably meant by `found`; empty when none is near. Near is one
/// slip (a letter wrong, missing, too many, or two swapped) for each three letters.
std::string nearest(std::string_view found, const std::vector<std::string>& words);

}  // namespace squall
