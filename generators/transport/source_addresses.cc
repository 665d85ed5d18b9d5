#include "generators/transport/source_addresses.h"

#include <charconv>
#include <cstddef>
#include <system_error>
#include <utility>

namespace squall::generators {
namespace {

constexpr unsigned kBitsOfV4 = 32;
constexpr unsigned kBitsOfV6 = 128;
constexpr unsigned kMostBits = 32;  // Of one block that are counted through.

asio::ip::address plus(const asio::ip::address& address, std::uint64_t offset) {
  if (address.is_v4()) {
    return asio::ip::address_v4(
        static_cast<std::uint32_t>(address.to_v4().to_uint() + static_cast<std::uint32_t>(offset)));
  }
  auto bytes = address.to_v6().to_bytes();
  for (std::size_t i = bytes.size(); i-- > 0 && offset > 0;) {
    offset += bytes[i];
    bytes[i] = static_cast<unsigned char>(offset & 0xffU);
    offset >>= 8U;
  }
  return asio::ip::address_v6(bytes, address.to_v6().scope_id());
}

/// The first address of the block of `bits` host bits that `address` is in.
asio::ip::address beginning(const asio::ip::address& address, unsigned host_bits) {
  if (address.is_v4()) {
    const std::uint64_t mask = ~((std::uint64_t{1} << host_bits) - 1);
    return asio::ip::address_v4(static_cast<std::uint32_t>(address.to_v4().to_uint() & mask));
  }
  auto bytes = address.to_v6().to_bytes();
  for (std::size_t i = bytes.size(); i-- > 0 && host_bits > 0;) {
    const unsigned here = host_bits < 8 ? host_bits : 8;
    bytes[i] = static_cast<unsigned char>(bytes[i] & (0xffU << here));
    host_bits -= here;
  }
  return asio::ip::address_v6(bytes, address.to_v6().scope_id());
}

}  // namespace

Result<SourceAddresses::Block> SourceAddresses::read(const std::string& text) {
  const auto wrong = [&text] {
    return error(std::errc::invalid_argument, text + " is no address and no block of addresses");
  };
  const std::size_t slash = text.find('/');
  boost::system::error_code bad;
  const auto address = asio::ip::make_address(text.substr(0, slash), bad);
  if (bad) return wrong();
  if (slash == std::string::npos) return Block{address, 1};
  const unsigned all = address.is_v4() ? kBitsOfV4 : kBitsOfV6;
  unsigned prefix = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data() + slash + 1, end, prefix);
  if (failure != std::errc{} || stop != end || prefix > all) return wrong();
  const unsigned host_bits = all - prefix;
  Block block{beginning(address, host_bits),
              std::uint64_t{1} << (host_bits < kMostBits ? host_bits : kMostBits)};
  if (block.count > 2) {
    block.first = plus(block.first, 1);
    block.count -= address.is_v4() ? 2 : 1;
  }
  return block;
}

Result<SourceAddresses> SourceAddresses::make(const std::vector<std::string>& texts) {
  SourceAddresses made;
  for (const std::string& text : texts) {
    SQUALL_TRY(const Block block, read(text));
    made.blocks_.push_back(block);
  }
  return made;
}

std::uint64_t SourceAddresses::count(bool v6) const {
  std::uint64_t sum = 0;
  for (const Block& block : blocks_) {
    if (block.first.is_v6() == v6) sum += block.count;
  }
  return sum;
}

asio::ip::address SourceAddresses::at(bool v6, std::uint64_t turn) const {
  turn %= count(v6);
  for (const Block& block : blocks_) {
    if (block.first.is_v6() != v6) continue;
    if (turn < block.count) return plus(block.first, turn);
    turn -= block.count;
  }
  return {};
}

}  // namespace squall::generators
