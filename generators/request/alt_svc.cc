#include "generators/request/alt_svc.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace squall::generators {
namespace {

constexpr std::size_t kMostAlternatives = 16;
// What a client need not remember longer than; also keeps sums of times within bounds.
constexpr std::uint64_t kMostAge = 10ULL * 365 * 24 * 3600;

bool is_token(char c) {  // RFC 9110 §5.6.2.
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kMarks.find(c) != std::string_view::npos;
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  return std::nullopt;
}

/// Undoes the percent-encoding of an ALPN name.
std::optional<std::string> decoded(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      plain += text[at];
      continue;
    }
    if (at + 2 >= text.size()) return std::nullopt;
    const auto high = hex_digit(text[at + 1]);
    const auto low = hex_digit(text[at + 2]);
    if (!high || !low) return std::nullopt;
    plain += static_cast<char>(*high * 16 + *low);
    at += 2;
  }
  return plain;
}

/// Takes a value apart from its front.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool is_at_end() const { return rest_.empty(); }
  void skip_space() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) {
      rest_.remove_prefix(1);
    }
  }
  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view token() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_token);
    const std::string_view token = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(token.size());
    return token;
  }
  /// RFC 9110 §5.6.4.
  std::optional<std::string> quoted() {
    if (!take('"')) return std::nullopt;
    std::string text;
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return text;
      if (c == '\\') {
        if (rest_.empty()) return std::nullopt;
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      if (static_cast<unsigned char>(c) < 0x20 && c != '\t') return std::nullopt;
      text += c;
    }
    return std::nullopt;
  }

 private:
  std::string_view rest_;
};

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// `[host]:port`.
bool read_authority(const std::string& text, Alternative& into) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  const auto port = number<std::uint16_t>(std::string_view(text).substr(colon + 1));
  if (!port || *port == 0) return false;
  into.host = text.substr(0, colon);
  into.port = *port;
  return true;
}

/// `; ma=60; persist=1`: what is not known is passed over.
bool read_parameters(Reader& reader, Alternative& into) {
  reader.skip_space();
  while (reader.take(';')) {
    reader.skip_space();
    const std::string_view name = reader.token();
    if (name.empty() || !reader.take('=')) return false;
    const std::string_view token = reader.token();
    std::string value(token);
    if (token.empty()) {
      const auto text = reader.quoted();
      if (!text) return false;
      value = *text;
    }
    if (name == "ma") {
      const auto age = number<std::uint64_t>(value);
      if (!age) return false;
      into.max_age = std::chrono::seconds(std::min(*age, kMostAge));
    }
    reader.skip_space();
  }
  return true;
}

}  // namespace

std::optional<std::vector<Alternative>> parse_alt_svc(std::string_view value) {
  std::vector<Alternative> all;
  Reader reader(value);
  reader.skip_space();
  while (!reader.is_at_end()) {
    if (reader.take(',')) {  // RFC 9110 §5.6.1: empty elements are passed over.
      reader.skip_space();
      continue;
    }
    const std::string_view protocol = reader.token();
    if (protocol == "clear" && all.empty()) {
      reader.skip_space();
      if (reader.is_at_end()) return all;
    }
    Alternative one;
    auto name = decoded(protocol);
    if (protocol.empty() || !name || !reader.take('=')) return std::nullopt;
    one.protocol = *std::move(name);
    const auto authority = reader.quoted();
    if (!authority || !read_authority(*authority, one) || !read_parameters(reader, one)) {
      return std::nullopt;
    }
    if (all.size() < kMostAlternatives) all.push_back(std::move(one));
    if (!reader.is_at_end() && !reader.take(',')) return std::nullopt;
    reader.skip_space();
  }
  if (all.empty()) return std::nullopt;
  return all;
}

}  // namespace squall::generators
