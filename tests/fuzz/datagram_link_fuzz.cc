#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include "generators/transport/datagram_link.h"

namespace {

using namespace squall;              // NOLINT: a program of its own
using namespace squall::generators;  // NOLINT: as above

/// Says what it is told to, and holds the link to its word: what it hears is its own.
class Listener final : public DatagramSession {
 public:
  void observe(Observer& /*observer*/) override {}
  bool is_established() const override { return true; }
  bool is_resumed() const override { return false; }
  bool receive(std::span<const char> datagram, Ecn /*ecn*/, Instant /*now*/) override {
    if (!hears_all && !is_mine(datagram)) std::abort();
    heard += datagram.size();
    return goes_on;
  }
  bool take_output(Datagrams& out, Instant /*now*/) override {
    const std::size_t segment = std::max<std::size_t>(says.size() / 3, 1);
    if (!says.empty()) {
      std::memcpy(out.bytes.data(), says.data(), says.size());
      out.bursts.push_back({0, says.size(), segment, Ecn::kEct0});
      says = {};
    }
    return goes_on;
  }
  std::optional<Instant> next_timer() const override { return std::nullopt; }
  bool on_timer(Instant /*now*/) override { return true; }
  const SessionEnd& end() const override { return end_; }
  bool can_submit() const override { return false; }
  std::size_t open_streams() const override { return 0; }
  bool has_gone_away() const override { return false; }
  bool is_confirmed() const override { return true; }
  bool submit(Ticket /*ticket*/, const RenderedRequest& /*request*/, bool /*body*/) override {
    return false;
  }
  void cancel(Ticket /*ticket*/) override {}
  void say_goodbye() override { goes_on = false; }
  bool is_over() const override { return false; }

  std::set<std::string> ids;  // Its connection IDs,
  std::set<std::string> tokens;
  bool hears_all = false;  // It has a socket of its own.
  bool goes_on = true;
  std::string_view says;
  std::uint64_t heard = 0;

 private:
  bool is_mine(std::span<const char> datagram) const {
    const std::string_view bytes(datagram.data(), datagram.size());
    const bool is_long = !bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0;
    const std::size_t at = is_long ? 6 : 1;
    if (bytes.size() >= at + ConnectionIds::kSize &&
        ids.count(std::string(bytes.substr(at, ConnectionIds::kSize))) > 0) {
      return true;
    }
    constexpr std::size_t kToken = sizeof(ConnectionIds::ResetToken);
    return bytes.size() >= kToken &&
           tokens.count(std::string(bytes.substr(bytes.size() - kToken))) > 0;
  }

  SessionEnd end_;
};

template <class Bytes>
Bytes filled(std::string_view some) {
  Bytes made{};
  std::memcpy(made.data(), some.data(), std::min(made.size(), some.size()));
  return made;
}

template <class Bytes>
std::string text_of(const Bytes& bytes) {
  return {bytes.begin(), bytes.end()};
}

/// A connection on a socket that it shares.
class Sharer final : private SharedRoute::Reader {
 public:
  explicit Sharer(std::shared_ptr<SharedRoute> way) : route_(std::move(way)) {
    auto session = std::make_unique<Listener>();
    says = session.get();
    link.emplace(route_, std::move(session));
    route_->listen(this);
  }
  Sharer(const Sharer&) = delete;
  Sharer& operator=(const Sharer&) = delete;
  ~Sharer() override { route_->listen(nullptr); }

  void name(std::string_view some, bool gives_up) {
    const auto id = filled<ConnectionIds::Id>(some);
    if (gives_up && says->ids.erase(text_of(id)) > 0) {
      route_->remove(id);
    } else if (!gives_up && route_->add(id)) {
      says->ids.insert(text_of(id));
    }
  }
  void token(std::string_view some, bool gives_up) {
    const auto made = filled<ConnectionIds::ResetToken>(some);
    if (gives_up) {
      route_->remove_reset(made);
      says->tokens.erase(text_of(made));
    } else {
      route_->add_reset(made);
      says->tokens.insert(text_of(made));
    }
  }
  SharedRoute& route() { return *route_; }

  std::optional<DatagramLink> link;
  Listener* says = nullptr;

 private:
  void on_route_readable() override {
    Instant now = std::chrono::steady_clock::now();
    link->receive(now);
  }
  void on_route_writable() override {}

  std::shared_ptr<SharedRoute> route_;
};

/// The peer sends bytes in datagrams of `segment`, which the kernel may hand over together.
void tell(asio::ip::udp::socket& peer, const asio::ip::udp::endpoint& to, std::string_view bytes,
          int segment) {
  ::setsockopt(peer.native_handle(), SOL_UDP, UDP_SEGMENT, &segment, sizeof segment);
  boost::system::error_code none;
  peer.send_to(asio::buffer(bytes.data(), bytes.size()), to, 0, none);
}

}  // namespace

// The input is what happens on two connections that share a socket and one that has its own, deed
// by deed: what, how many bytes, and these. Connections get IDs and tokens or lose them, the peer
// sends datagrams, alone or as one segment after the other, they are read, we send.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);  // NOLINT: libFuzzer's
  asio::io_context loop(1);
  asio::ip::udp::socket peer(loop, {asio::ip::address_v4::loopback(), 0});
  const auto sockets = std::make_shared<SharedSockets>(loop);
  auto first = sockets->route(peer.local_endpoint(), std::nullopt);
  auto second = sockets->route(peer.local_endpoint(), std::nullopt);
  auto own_socket = UdpSocket::connect(peer.local_endpoint());
  if (!first || !second || !own_socket) return 0;         // No descriptor was left.
  Sharer sharers[2] = {Sharer(*first), Sharer(*second)};  // NOLINT: in the frame
  auto own_session = std::make_unique<Listener>();
  own_session->hears_all = true;
  Listener* own_says = own_session.get();
  DatagramLink own(*std::move(own_socket), std::move(own_session));
  for (int deeds = 0; bytes.size() >= 2 && deeds < 64; ++deeds) {
    const auto what = static_cast<unsigned char>(bytes[0]);
    const std::size_t length =
        std::min<std::size_t>(static_cast<unsigned char>(bytes[1]), bytes.size() - 2);
    const std::string_view some = bytes.substr(2, length);
    bytes.remove_prefix(2 + length);
    Sharer& one = sharers[(what >> 3U) & 1U];  // NOLINT: 0 or 1
    const int segment = 1 + (what >> 4U) * 4;
    Instant now = std::chrono::steady_clock::now();
    switch (what & 7U) {
      case 0:
        one.name(some, (what & 0x10U) != 0);
        break;
      case 1:
        one.token(some, (what & 0x10U) != 0);
        break;
      case 2:
        tell(peer, one.route().socket().local(), some, (what & 0xf0U) == 0 ? 0 : segment);
        break;
      case 3:
        tell(peer, own.socket().local(), some, (what & 0xf0U) == 0 ? 0 : segment);
        break;
      case 4:
        loop.restart();
        loop.poll();
        break;
      case 5:
        own.receive(now);
        break;
      case 6:
        own_says->says = one.says->says = some;
        one.link->send(now);
        own.send(now);
        break;
      default:
        static_cast<void>(one.route().rebind(now));
        break;
    }
  }
  loop.restart();
  loop.poll();
  return 0;
}
