#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <system_error>

#include <arpa/inet.h>

#include "scenarios/parse/numbers.h"
#include "scenarios/parse/values.h"
#include "scenarios/parse/words.h"

namespace squall::scenarios {
namespace {

/// The bits of an address of this family; 0 when `text` is no address.
unsigned address_bits(const std::string& text) {
  constexpr unsigned kIpv4Bits = 32;
  constexpr unsigned kIpv6Bits = 128;
  in6_addr room{};
  if (inet_pton(AF_INET, text.c_str(), &room) == 1) return kIpv4Bits;
  if (inet_pton(AF_INET6, text.c_str(), &room) == 1) return kIpv6Bits;
  return 0;
}

/// The address as inet_ntop(3) writes it, with nothing left behind its first `bits` bits.
std::string first_of_block(const std::string& address, unsigned bits) {
  const int family = address.find(':') == std::string::npos ? AF_INET : AF_INET6;
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  inet_pton(family, address.c_str(), bytes.data());
  for (unsigned bit = bits; bit < bytes.size() * 8; ++bit) {
    bytes.at(bit / 8) &= static_cast<unsigned char>(~(0x80U >> bit % 8));
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, bytes.data(), text.data(), text.size());
  return text.data();
}

bool holds_zero_byte(std::string_view text) { return text.find('\0') != std::string_view::npos; }

}  // namespace

Parsed<std::string> parse_address(std::string_view text) {
  const std::string address(trimmed(text));
  if (holds_zero_byte(address) || address_bits(address) == 0) {
    return Parsed<std::string>::no(is_not(text, kAddress.expected));
  }
  return Parsed<std::string>::ok(address);
}

Parsed<std::string> parse_address_block(std::string_view text) {
  const std::string_view block = trimmed(text);
  const std::size_t slash = block.find('/');
  const std::string address(block.substr(0, slash));
  const unsigned most = holds_zero_byte(address) ? 0 : address_bits(address);
  if (most == 0) return Parsed<std::string>::no(is_not(text, kAddressBlock.expected));
  if (slash != std::string_view::npos) {
    const std::string_view digits = block.substr(slash + 1);
    unsigned bits = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (digits.empty() || failure != std::errc{} || end != digits.data() + digits.size() ||
        bits > most) {
      return Parsed<std::string>::no(
          in_quotes(text) + " has a wrong prefix length: expected 0 to " + std::to_string(most));
    }
    if (const std::string first = first_of_block(address, bits);
        first != first_of_block(address, most)) {
      return Parsed<std::string>::no(in_quotes(text) +
                                     " is no block, as it says more than its first " +
                                     std::to_string(bits) + " bits: did you mean '" + first + "/" +
                                     std::to_string(bits) + "', or '" + address + "' alone?");
    }
  }
  return Parsed<std::string>::ok(std::string(block));
}

Parsed<std::string> parse_line(std::string_view text) {
  if (text.empty()) return Parsed<std::string>::no("empty: expected a text");
  const bool is_bare = std::none_of(text.begin(), text.end(),
                                    [](char c) { return (c >= '\0' && c < ' ') || c == '\x7f'; });
  if (!is_bare) {
    return Parsed<std::string>::no(in_quotes(text) +
                                   " holds a control character: expected one line of text");
  }
  return Parsed<std::string>::ok(std::string(text));
}

Parsed<std::string> parse_text(std::string_view text) {
  if (holds_zero_byte(text)) return Parsed<std::string>::no("a zero byte: expected a text");
  return Parsed<std::string>::ok(std::string(text));
}

}  // namespace squall::scenarios
