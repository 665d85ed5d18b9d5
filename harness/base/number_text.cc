#include "harness/base/number_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace squall {
namespace {

constexpr int kMostBehindThePoint = 9;
constexpr int kDigitsOfADouble = 15;
constexpr int kDigitsForPeople = 3;

std::string with_digits(double value, int digits, int most_behind) {
  // 309 digits before the point at most.
  constexpr std::size_t kRoom = 336;
  std::array<char, kRoom> text{};
  const double size = std::abs(value);
  const int before = size > 0 ? static_cast<int>(std::floor(std::log10(size))) + 1 : 1;
  const int behind = std::clamp(digits - before, 0, most_behind);
  const int length = std::snprintf(text.data(), text.size(), "%.*f", behind, value);
  std::string number(text.data(), static_cast<std::size_t>(length));
  if (behind == 0) return number;
  number.erase(number.find_last_not_of('0') + 1);
  if (number.back() == '.') number.pop_back();
  return number == "-0" ? "0" : number;
}

}  // namespace

std::string rounded(double value) {
  constexpr int kSmallest = 15;  // Digits behind the point of what is still told.
  return with_digits(value, kDigitsForPeople, kSmallest);
}

std::string exact(double value) {
  return with_digits(value, kDigitsOfADouble, kMostBehindThePoint);
}

}  // namespace squall
