#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/support/quic_pair.h"

namespace {

using squall::generators::Ecn;
using squall::generators::RequestSession;
using squall::generators::StreamEnd;
using squall::test::QuicPair;

constexpr RequestSession::Ticket kTickets = 4;

/// Holds the session to its word: each request ends once at most.
class Witness final : public RequestSession::Observer {
 public:
  void on_answer(RequestSession::Ticket ticket) override { check(ticket); }
  void on_status(RequestSession::Ticket ticket, int /*status*/) override { check(ticket); }
  void on_header(RequestSession::Ticket ticket, std::string_view /*name*/,
                 std::string_view /*value*/) override {
    check(ticket);
  }
  void on_body(RequestSession::Ticket ticket, std::string_view /*piece*/) override {
    check(ticket);
  }
  void on_end(RequestSession::Ticket ticket, StreamEnd /*end*/) override {
    check(ticket);
    ended[ticket] = true;
  }

  bool ended[kTickets] = {};  // NOLINT: as plain as can be

 private:
  void check(RequestSession::Ticket ticket) const {
    if (ticket >= kTickets || ended[ticket]) std::abort();
  }
};

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

}  // namespace

// The input is what a server does after the handshake (or, with an odd first byte, instead of it),
// deed by deed: bytes on a stream of a request's or of its own, a reset, a datagram that it did not
// protect, a wait. Clock and connection IDs are the input's alone; TLS's own random numbers change
// what is on the wire, and nothing of what comes of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);  // NOLINT
  const bool shakes_hands = (data[0] & 1U) == 0;
  bytes.remove_prefix(1);
  Witness witness;
  QuicPair pair;
  pair.client->observe(witness);
  if (shakes_hands) {
    pair.exchange();
    if (!pair.client->is_established()) std::abort();
  } else {
    pair.take_from_client();
  }
  const auto post = squall::test::h3_post(100'000);
  for (RequestSession::Ticket ticket = 0; shakes_hands && ticket < kTickets; ++ticket) {
    const bool has_body = ticket == 1;
    pair.client->submit(ticket, has_body ? post : squall::test::kH3Get, has_body);
  }
  std::int64_t last_opened = -1;
  Script script(bytes);
  std::uint8_t what = 0;
  std::string_view some;
  while (pair.went_on && script.next(what, some)) {
    const std::int64_t which = what >> 4U;
    const std::int64_t request = (which % kTickets) * 4;
    const std::int64_t own = 3 + (which % 5) * 4;
    switch (shakes_hands ? what & 0xfU : 9U) {
      case 0:
      case 1:
        pair.server.write(request, some, (what & 1U) != 0);
        break;
      case 2:
      case 3:
        while (last_opened < own) last_opened = pair.server.open_uni();
        pair.server.write(own, some, (what & 1U) != 0);
        break;
      case 4:
        pair.server.reset(request, some.size());
        break;
      case 5:
        pair.server.stop_sending(request, some.size());
        break;
      case 6:
        if (!witness.ended[which % kTickets]) {
          witness.ended[which % kTickets] = true;
          pair.client->cancel(static_cast<RequestSession::Ticket>(which % kTickets));
        }
        break;
      case 7:
        pair.wait();
        break;
      case 8:
        pair.server.close_application(some.size(), some);
        break;
      default:
        pair.give(std::string(some));
        break;
    }
    if (shakes_hands) {
      pair.exchange();
    } else {
      pair.take_from_client();
    }
  }
  pair.take_from_client();
  pair.client->is_over();
  return 0;
}
