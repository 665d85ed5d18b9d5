#include "generators/spec/target_spec.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include <arpa/inet.h>

namespace squall::generators {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

std::uint16_t port_of(std::string_view scheme) {
  return scheme == "https" ? kHttpsPort : kHttpPort;
}

Error wrong(std::string_view why) { return error(std::errc::invalid_argument, why); }

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

Result<std::uint16_t> port_from(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failure != std::errc{} || end != digits.data() + digits.size() || port == 0) {
    return wrong("its port is not a number from 1 to 65535");
  }
  return port;
}

/// Splits "host:port" or "[v6]:port" into `url`.
Result<void> read_authority(std::string_view authority, Url& url) {
  if (authority.find('@') != std::string_view::npos) return wrong("it holds a user name");
  std::string_view rest;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return wrong("its '[' is not closed");
    url.host = authority.substr(1, close - 1);
    in6_addr address{};
    if (inet_pton(AF_INET6, url.host.c_str(), &address) != 1) {
      return wrong("what stands in '[ ]' is not an IPv6 address");
    }
    rest = authority.substr(close + 1);
  } else {
    const std::size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    if (url.host.empty()) return wrong("it has no host");
    if (!std::all_of(url.host.begin(), url.host.end(), is_host_character)) {
      return wrong("its host has a character that no host name has");
    }
    rest = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon);
  }
  url.port = port_of(url.scheme);
  if (rest.empty()) return {};
  if (rest.front() != ':') return wrong("something other than a port follows its host");
  auto port = port_from(rest.substr(1));
  if (!port) return std::move(port).error();
  url.port = *port;
  return {};
}

}  // namespace

std::string Url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != port_of(scheme)) text += ":" + std::to_string(port);
  return text;
}

Result<Url> parse_url(std::string_view text) {
  Url url;
  const std::size_t mark = text.find("://");
  if (mark == std::string_view::npos) return wrong("it does not begin with http:// or https://");
  url.scheme = text.substr(0, mark);
  if (url.scheme != "http" && url.scheme != "https") {
    return wrong("it does not begin with http:// or https://");
  }
  const std::string_view rest = text.substr(mark + 3);
  const std::size_t slash = rest.find_first_of("/?#");
  auto authority = read_authority(rest.substr(0, slash), url);
  if (!authority) return std::move(authority).error();
  const std::string_view path =
      slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
  if (path.find('#') != std::string_view::npos) return wrong("it has a fragment ('#')");
  const auto is_bare = [](char c) { return c > ' ' && c != '\x7f'; };
  if (!std::all_of(path.begin(), path.end(), [&](char c) { return is_bare(c) || c < '\0'; })) {
    return wrong("it holds a space or a control character");
  }
  url.path = path.starts_with('/') ? std::string(path) : "/" + std::string(path);
  return url;
}

}  // namespace squall::generators
