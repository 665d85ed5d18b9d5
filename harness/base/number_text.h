#pragma once

#include <string>

namespace squall {

/// A number for people, never with an exponent: three digits that count, "80.3", "0.00123", and all
/// digits before the point, "12346".
std::string rounded(double value);

/// The same number for a machine to read: all digits that a double holds, but no more than nine
/// behind the point: "1234567", "33.333333", "7".
std::string exact(double value);

}  // namespace squall
