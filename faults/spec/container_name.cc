#include "faults/spec/container_name.h"

#include <algorithm>
#include <cstddef>

namespace squall::faults {
namespace {

constexpr std::size_t kShortestId = 6;
constexpr std::size_t kWholeId = 64;
constexpr std::size_t kLongestPart = 253;  // Of a pod's name, which is the longest.
constexpr int kMostParts = 3;

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_part(std::string_view text) {
  return !text.empty() && text.size() <= kLongestPart && is_letter_or_digit(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-';
         });
}

}  // namespace

bool is_container_id(std::string_view text) {
  return text.size() >= kShortestId && text.size() <= kWholeId &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_container_name(std::string_view text) {
  for (int part = 1; part <= kMostParts; ++part) {
    const std::size_t slash = text.find('/');
    if (!is_part(text.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
  return false;
}

}  // namespace squall::faults
