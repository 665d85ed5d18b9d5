#include "scenarios/parse/utf8.h"

#include <algorithm>
#include <cstdint>

namespace squall::scenarios {
namespace {

struct Form {
  std::size_t length;
  std::uint32_t lead_bits;
  std::uint32_t least;  ///< Less would be an overlong form.
};

std::optional<Form> form_of(unsigned char lead) {
  if (lead < 0x80U) return Form{1, lead, 0};
  if (lead >= 0xC2U && lead < 0xE0U) return Form{2, lead & 0x1FU, 0x80U};
  if (lead >= 0xE0U && lead < 0xF0U) return Form{3, lead & 0x0FU, 0x800U};
  if (lead >= 0xF0U && lead < 0xF5U) return Form{4, lead & 0x07U, 0x10000U};
  return std::nullopt;
}

/// The length of the character at `at`; 0 when there is none.
std::size_t character_at(std::string_view bytes, std::size_t at) {
  const auto form = form_of(static_cast<unsigned char>(bytes[at]));
  if (!form || at + form->length > bytes.size()) return 0;
  std::uint32_t code = form->lead_bits;
  for (std::size_t i = 1; i < form->length; ++i) {
    const auto next = static_cast<unsigned char>(bytes[at + i]);
    if ((next & 0xC0U) != 0x80U) return 0;
    code = (code << 6U) | (next & 0x3FU);
  }
  if (code < form->least || code > 0x10FFFFU || (code >= 0xD800U && code < 0xE000U)) return 0;
  return form->length;
}

}  // namespace

std::optional<std::size_t> first_not_text(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const char c = bytes[at];
    const bool is_control = (c >= '\0' && c < ' ') || c == '\x7f';
    if (is_control && c != '\t' && c != '\n' && c != '\r') return at;
    const std::size_t length = character_at(bytes, at);
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace squall::scenarios
