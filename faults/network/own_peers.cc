#include "faults/network/own_peers.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>

#include <arpa/inet.h>
#include <net/route.h>

namespace squall::faults {
namespace {

using Who = ProtectedPeer::Who;

std::string content_of(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Each line's words.
void for_each_line(std::string_view text,
                   const std::function<void(const std::vector<std::string>&)>& look) {
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream stream(line);
    look({std::istream_iterator<std::string>(stream), {}});
  }
}

bool read_hex(std::string_view text, std::uint32_t& number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size();
}

bool is_zero(std::string_view digits) {
  return digits.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::vector<std::string> name_servers_in(std::string_view resolv_conf) {
  std::vector<std::string> found;
  for_each_line(resolv_conf, [&](const std::vector<std::string>& words) {
    if (words.size() < 2 || words[0] != "nameserver") return;
    const std::string address = words[1].substr(0, words[1].find('%'));  // fe80::1%eth0.
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    const int family = address.find(':') == std::string::npos ? AF_INET : AF_INET6;
    if (::inet_pton(family, address.c_str(), bytes.data()) == 1) found.push_back(address);
  });
  return found;
}

std::vector<std::string> gateways_in(std::string_view routes) {
  // Iface, destination, gateway, flags, …, mask in the eighth place.
  constexpr std::size_t kMask = 7;
  std::vector<std::string> found;
  for_each_line(routes, [&](const std::vector<std::string>& words) {
    std::uint32_t flags = 0;
    in_addr gateway{};
    if (words.size() <= kMask || !is_zero(words[1]) || !is_zero(words[kMask])) return;
    if (!read_hex(words[2], gateway.s_addr) || !read_hex(words[3], flags)) return;
    if ((flags & RTF_GATEWAY) == 0) return;
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &gateway, text.data(), text.size());
    found.emplace_back(text.data());
  });
  return found;
}

std::vector<std::string> gateways_in_v6(std::string_view routes) {
  // Destination, its length, source, its length, next hop, metric, …, flags in the ninth place.
  constexpr std::size_t kNext = 4;
  constexpr std::size_t kFlags = 8;
  constexpr std::size_t kDigits = 2 * sizeof(in6_addr);
  std::vector<std::string> found;
  for_each_line(routes, [&](const std::vector<std::string>& words) {
    std::uint32_t flags = 0;
    if (words.size() <= kFlags || !is_zero(words[0]) || !is_zero(words[1])) return;
    if (!read_hex(words[kFlags], flags) || (flags & RTF_GATEWAY) == 0) return;
    const std::string& next = words[kNext];
    if (next.size() != kDigits || is_zero(next)) return;
    in6_addr gateway{};
    for (std::size_t i = 0; i < sizeof gateway; ++i) {
      std::uint32_t byte = 0;
      if (!read_hex(std::string_view(next).substr(2 * i, 2), byte)) return;
      gateway.s6_addr[i] = static_cast<std::uint8_t>(byte);
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET6, &gateway, text.data(), text.size());
    found.emplace_back(text.data());
  });
  return found;
}

std::vector<ProtectedPeer> own_peers() {
  std::vector<ProtectedPeer> peers;
  for (const std::string& address : name_servers_in(content_of("/etc/resolv.conf"))) {
    peers.push_back({{address, kNamePort}, Who::kNameServer});
  }
  for (const std::string& address : gateways_in(content_of("/proc/net/route"))) {
    peers.push_back({{address, 0}, Who::kGateway});
  }
  for (const std::string& address : gateways_in_v6(content_of("/proc/net/ipv6_route"))) {
    peers.push_back({{address, 0}, Who::kGateway});
  }
  peers.push_back(metadata_service());
  return peers;
}

}  // namespace squall::faults
