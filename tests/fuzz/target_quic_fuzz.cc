// The datagram path of a target's QUIC: strangers, clients that say anything after the handshake,
// and datagrams that were changed on their way. No crash; whoever waits is answered or given up
// exactly once (the world sees to that), and what is unknown gets less than it sent.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/support/quic_raw_client.h"

namespace {

using squall::test::QuicServerWorld;
using squall::test::RawClient;

/// Takes an input apart: a byte that says what, a byte that says how much, and so many bytes.
class Script {
 public:
  explicit Script(std::string_view bytes) : bytes_(bytes) {}

  bool next(std::uint8_t& what, std::string_view& some) {
    if (bytes_.size() < 2) return false;
    what = static_cast<std::uint8_t>(bytes_[0]);
    const std::size_t size =
        std::min<std::size_t>(static_cast<std::uint8_t>(bytes_[1]), bytes_.size() - 2);
    some = bytes_.substr(2, size);
    bytes_.remove_prefix(2 + size);
    return true;
  }

 private:
  std::string_view bytes_;
};

/// A datagram from somebody whom the server does not know. At 1200 bytes and more, as an Initial.
void strange(QuicServerWorld& world, std::string datagram, bool is_padded) {
  if (is_padded) datagram.resize(std::max<std::size_t>(datagram.size(), 1200));
  const squall::asio::ip::udp::endpoint stranger(squall::asio::ip::make_address("127.0.0.1"),
                                                 50'000);
  world.sent.clear();
  world.give_server(datagram, stranger);
  std::size_t answered = 0;
  for (const auto& [to, answer] : world.sent) answered += answer.size();
  if (answered > 3 * datagram.size()) std::abort();  // RFC 9000 §8.1.
  world.sent.clear();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);  // NOLINT
  const bool retries = (data[0] & 1U) != 0;
  bytes.remove_prefix(1);
  QuicServerWorld world({.retry = retries, .early_data = true});
  RawClient client(world);
  client.begin();
  if (!client.peer.is_established()) std::abort();
  Script script(bytes);
  std::uint8_t what = 0;
  std::string_view some;
  std::int64_t last_bidi = -1;
  std::int64_t last_uni = -1;
  while (script.next(what, some)) {
    const std::int64_t request = (what >> 4U) % 4 * 4;
    const std::int64_t own = 2 + (what >> 4U) % 5 * 4;
    switch (what & 0xfU) {
      case 0:
      case 1:
        while (last_bidi < request && (last_bidi = client.peer.open_bidi()) >= 0) continue;
        client.peer.write(request, some, (what & 1U) != 0);
        break;
      case 2:
      case 3:
        while (last_uni < own && (last_uni = client.peer.open_uni()) >= 0) continue;
        client.peer.write(own, some, (what & 1U) != 0);
        break;
      case 4:
        client.peer.reset(request, some.size());
        break;
      case 5:
        client.peer.stop_sending(request, some.size());
        break;
      case 6:
        client.tick(squall::Instant::max());
        break;
      case 7:  // What it says next is changed on its way.
        for (std::string datagram : client.peer.take(world.now)) {
          for (std::size_t i = 0; i < some.size() && i < datagram.size(); ++i) {
            datagram[i] = static_cast<char>(datagram[i] ^ some[i]);
          }
          world.give_server(datagram, client.address);
        }
        break;
      case 8:
        if (!world.waiting.empty()) {
          world.answer(world.waiting.begin()->first, squall::Bytes{some.size() * 1000});
        }
        break;
      case 9:
        if (!world.connections.empty()) world.connections.begin()->second->go_away();
        break;
      case 10:
        if (!world.connections.empty()) world.connections.begin()->second->drop();
        break;
      case 11:
        client.address.port(static_cast<std::uint16_t>(41'000 + some.size()));
        break;
      case 12:
        world.is_silent = !world.is_silent;
        break;
      case 13:
        world.is_blocked = !world.is_blocked;
        break;
      default:
        strange(world, std::string(some), (what & 1U) != 0);
        break;
    }
    client.exchange();
  }
  return 0;
}
