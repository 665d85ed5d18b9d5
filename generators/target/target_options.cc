#include "generators/target/target_options.h"

#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "generators/target/behaviour_text.h"

namespace squall::generators {
namespace {

std::string spoken(bool has_http2, std::string_view http2, bool has_http1, bool has_http3 = false) {
  std::string names(has_http2 ? http2 : "");
  if (has_http1) names += names.empty() ? "h1" : ", h1";
  if (has_http3) names += names.empty() ? "h3" : ", h3";
  return names;
}

Error bad(const std::string& what) { return error(std::errc::invalid_argument, what); }

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto wrong = [text] {
    return bad(fmt::format("listen '{}': expected ADDRESS:PORT, such as 127.0.0.1:8443", text));
  };
  ListenAddress address;
  std::string_view port = text;
  if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    port = text.substr(colon + 1);
    const bool has_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (has_brackets) host = host.substr(1, host.size() - 2);
    if (!has_brackets && host.find_first_of(":[]") != std::string_view::npos) return wrong();
    if (!host.empty()) address.host = host;
  }
  const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (code != std::errc() || end != port.data() + port.size()) return wrong();
  return address;
}

Result<TargetProtocols> parse_target_protocols(std::string_view text) {
  TargetProtocols protocols{.h2 = false, .h2c = false, .h1 = false, .h3 = false};
  std::string_view rest = text;
  while (true) {
    const std::string_view name = rest.substr(0, rest.find(','));
    if (name == "h2") {
      protocols.h2 = true;
    } else if (name == "h2c") {
      protocols.h2c = true;
    } else if (name == "h1") {
      protocols.h1 = true;
    } else if (name == "h3") {
      protocols.h3 = true;
    } else {
      return bad(fmt::format("protocol '{}': expected some of h1,h2,h2c,h3", text));
    }
    if (name.size() == rest.size()) return protocols;
    rest.remove_prefix(name.size() + 1);
  }
}

std::string to_text(const ListenAddress& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", address.host, address.port)
               : fmt::format("{}:{}", address.host, address.port);
}

Result<TargetOptions> parse_target_options(const TargetOptionTexts& texts) {
  TargetOptions options;
  options.certificate_file = texts.certificate_file;
  options.key_file = texts.key_file;
  options.write_certificate = texts.write_certificate;
  options.seed = texts.seed;
  if (!texts.listen.empty()) options.listen.clear();
  for (const std::string& text : texts.listen) {
    SQUALL_TRY(options.listen.emplace_back(), parse_listen_address(text));
  }
  SQUALL_TRY(options.protocols, parse_target_protocols(texts.protocols));
  if (options.certificate_file.has_value() != options.key_file.has_value()) {
    return bad("a certificate and its key must be given together");
  }
  const bool is_for_quic = texts.alt_svc || texts.retry || texts.early_data;
  if (is_for_quic && !options.protocols.h3) {
    return bad("alt-svc, retry and early-data are about h3, which is not among the protocols");
  }
  if (texts.alt_svc && !options.protocols.h1 && !options.protocols.h2) {
    return bad(
        "alt-svc is said in answers of h1 and h2, and neither is among the protocols: expected"
        " --protocol with one of them, such as h2,h3");
  }
  if (texts.alt_svc) options.alt_svc = std::chrono::seconds(*texts.alt_svc);
  options.retry = texts.retry;
  options.early_data = texts.early_data;
  for (const std::string& text : texts.behaviours) {
    SQUALL_TRY(auto read, parse_behaviour_text(text));
    if (!options.behaviours.insert(std::move(read)).second) {
      return bad(fmt::format("behaviour '{}': this path has one already", text));
    }
  }
  if (options.behaviours.size() > kMostBehaviours) return bad("more than 256 behaviours");
  return options;
}

std::vector<std::string> listening_lines(const std::vector<ListenAddress>& bound,
                                         TargetProtocols protocols) {
  std::vector<std::string> urls;
  for (const ListenAddress& address : bound) {
    const std::string secure = spoken(protocols.h2, "h2", protocols.h1, protocols.h3);
    const std::string clear = spoken(protocols.h2c, "h2c", protocols.h1);
    if (!secure.empty()) urls.push_back(fmt::format("https://{} ({})", to_text(address), secure));
    if (!clear.empty()) urls.push_back(fmt::format("http://{} ({})", to_text(address), clear));
  }
  std::vector<std::string> lines{fmt::format("listening on {}", fmt::join(urls, ", "))};
  if (!bound.empty()) {
    lines.push_back(fmt::format("admin path, for this machine only: {}://{}/.squall/behaviour",
                                protocols.h2c || protocols.h1 ? "http" : "https",
                                to_text(bound.front())));
  }
  return lines;
}

}  // namespace squall::generators
