#include "generators/transport/address_finder.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace squall::generators {

using boost::system::error_code;

AddressFinder::AddressFinder(Options options)
    : options_(std::move(options)), sources_(options_.turn) {}

std::optional<AddressFinder::Addresses> AddressFinder::known(const Url& url, Instant now) {
  error_code bad;
  if (url.relay) {
    const auto address = asio::ip::make_address(url.relay->address, bad);
    return bad ? Addresses{} : Addresses{{address, url.relay->port}};
  }
  if (const auto fixed = options_.resolve.find(url.host); fixed != options_.resolve.end()) {
    std::vector<asio::ip::address> addresses;
    for (const std::string& text : fixed->second) {
      const auto address = asio::ip::make_address(text, bad);
      if (!bad) addresses.push_back(address);
    }
    return in_turn(url, addresses);
  }
  if (const auto address = asio::ip::make_address(url.host, bad); !bad) {
    return in_turn(url, {address});
  }
  if (const Resolved* resolved = options_.resolver->known(url.host, now)) {
    return in_turn(url, resolved->addresses);
  }
  return std::nullopt;
}

std::unique_ptr<Resolver::Waiting> AddressFinder::ask(const Url& url, Done done) {
  return options_.resolver->ask(url.host,
                                [this, url, done = std::move(done)](const Resolved& resolved) {
                                  done(in_turn(url, resolved.addresses), resolved.why);
                                });
}

/// One after the other, beginning with the one whose turn it is.
AddressFinder::Addresses AddressFinder::in_turn(const Url& url,
                                                const std::vector<asio::ip::address>& found) {
  Addresses addresses;
  for (const auto& address : found) addresses.emplace_back(address, url.port);
  if (addresses.size() > 1) {
    const std::uint64_t turn = turns_.try_emplace(url.host, options_.turn).first->second++;
    const auto first = static_cast<std::ptrdiff_t>(turn % addresses.size());
    std::rotate(addresses.begin(), addresses.begin() + first, addresses.end());
  }
  return addresses;
}

Result<std::optional<asio::ip::address>> AddressFinder::next_source(bool v6) {
  if (options_.source.empty()) return std::optional<asio::ip::address>();
  if (options_.source.count(v6) == 0) {
    return error(std::errc::address_family_not_supported,
                 std::string("no source address is of ") + (v6 ? "IPv6" : "IPv4"));
  }
  return std::optional(options_.source.at(v6, sources_++));
}

std::string shown_address(const Url& url, const asio::ip::tcp::endpoint& to) {
  const std::string host = url.relay ? url.host : to.address().to_string();
  const std::uint16_t port = url.relay ? url.port : to.port();
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]:" : host + ":") + std::to_string(port);
}

}  // namespace squall::generators
