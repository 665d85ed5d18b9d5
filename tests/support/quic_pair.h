#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "generators/http3/http3_session.h"

#include "tests/support/quic_server_peer.h"
#include "tests/support/test_certificate.h"

namespace squall::test {

/// Writes down what it hears of requests, by ticket.
class AnswerListener final : public generators::RequestSession::Observer {
 public:
  using Ticket = generators::RequestSession::Ticket;
  struct Heard {
    int answers = 0;
    std::vector<int> statuses;
    std::map<std::string, std::string> headers;
    std::string body;
    std::vector<generators::StreamEnd> ends;
  };

  void on_answer(Ticket ticket) override { ++heard[ticket].answers; }
  void on_status(Ticket ticket, int status) override { heard[ticket].statuses.push_back(status); }
  void on_header(Ticket ticket, std::string_view name, std::string_view value) override {
    heard[ticket].headers[std::string(name)] = value;
  }
  void on_body(Ticket ticket, std::string_view piece) override { heard[ticket].body += piece; }
  void on_end(Ticket ticket, generators::StreamEnd end) override {
    heard[ticket].ends.push_back(end);
  }

  std::map<Ticket, Heard> heard;
};

/// A client's session and a server's peer in memory, with a clock that a test pushes.
///
/// Lifecycle:  make the pair, begin(), then exchange().
/// Threads:    one owner.
/// Errors:     what the client's session says is in went_on.
class QuicPair {
 public:
  static generators::TlsSpec unverified() {
    generators::TlsSpec spec;
    spec.verify = false;
    return spec;
  }

  explicit QuicPair(QuicServerPeer::Options options = {},
                    const generators::TlsSpec& tls = unverified(),
                    const std::string& host = "localhost",
                    std::shared_ptr<generators::QuicTickets> tickets = nullptr,
                    const generators::QuicSpec& spec = {},
                    std::shared_ptr<generators::QlogFolder> qlog = nullptr,
                    std::optional<std::uint64_t> most_sealed = std::nullopt)
      : server(options, kTestCertificate, kTestKey) {
    auto made = generators::QuicTls::make(tls, {});
    if (!made) return;
    generators::QuicOptions quic;
    quic.tls = std::make_shared<const generators::QuicTls>(*std::move(made));
    quic.host = host;
    quic.server = host;
    quic.tickets = std::move(tickets);
    quic.quic = spec;
    quic.qlog = std::move(qlog);
    quic.seed = 1;
    quic.most_sealed = most_sealed;
    const auto loopback = asio::ip::make_address("127.0.0.1");
    quic.local = {loopback, 40'000};
    quic.remote = {loopback, 443};
    client = generators::Http3Session::make(std::move(quic), now);
    if (client) client->observe(listener);
  }

  /// What the client has to send, datagram by datagram.
  std::vector<std::string> take_from_client() {
    auto out = std::make_unique<generators::Datagrams>();
    std::vector<std::string> datagrams;
    for (bool had_some = true; had_some;) {
      out->bursts.clear();
      went_on = client->take_output(*out, now) && went_on;
      had_some = !out->bursts.empty() && went_on;
      for (const generators::DatagramBurst& burst : out->bursts) {
        for (std::size_t at = 0; at < burst.size; at += burst.segment) {
          datagrams.emplace_back(out->bytes.data() + burst.begin + at,
                                 std::min(burst.segment, burst.size - at));
        }
      }
    }
    return datagrams;
  }

  /// Moves datagrams to and fro until there are none. The numbers in `lost` never arrive. Time goes
  /// by as pacing asks for it.
  void exchange() {
    constexpr Duration kPace = std::chrono::milliseconds(2);
    do {
      while (move()) {
      }
    } while (went_on && tick(now + kPace));
  }

  /// From now on no datagram arrives.
  void lose_all() { loses_all_ = true; }

  /// Has the client go to another address of its own.
  bool migrate(const std::string& to) {
    const asio::ip::udp::endpoint there(asio::ip::make_address(to), 40'001);
    return client->migrate(*there.data(), there.size(), now);
  }

  /// One flight each way; false when there was none.
  bool move() {
    bool moved = false;
    for (const std::string& datagram : take_from_client()) {
      moved = true;
      if (arrives(++moved_so_far)) server.receive(datagram, now);
    }
    for (const std::string& datagram : server.take(now)) {
      moved = true;
      if (arrives(++moved_so_far)) give(datagram);
    }
    return moved;
  }

  void give(const std::string& datagram) {
    went_on = client->receive(datagram, generators::Ecn::kNone, now) && went_on;
  }

  /// Goes to the next timer of either side, `until` at most; false when there is none.
  bool tick(Instant until) {
    const Instant client_next = client->next_timer().value_or(Instant::max());
    const Instant next = std::min(client_next, server.next_timer());
    if (next == Instant::max() || next > until) return false;
    now = std::max(now, next);
    if (client_next <= now) went_on = client->on_timer(now) && went_on;
    if (server.next_timer() <= now) server.on_timer(now);
    return true;
  }

  /// The same, and exchanges what comes of it.
  bool wait(Instant until = Instant::max()) {
    if (!tick(until)) return false;
    exchange();
    return true;
  }

  /// Shakes hands, and has the server open its control stream.
  void begin() {
    exchange();
    if (!server.is_established()) return;
    control = server.open_uni();
    server.write(control, h3::kControl);
    exchange();
  }

  AnswerListener listener;
  QuicServerPeer server;
  std::unique_ptr<generators::Http3Session> client;
  Instant now{std::chrono::seconds(1000)};
  std::set<int> lost;
  int moved_so_far = 0;  // Datagrams.
  std::int64_t control = -1;
  bool went_on = true;

 private:
  bool arrives(int number) const { return !loses_all_ && !lost.contains(number); }

  bool loses_all_ = false;
};

inline const generators::RenderedRequest kH3Get{
    {{":method", "GET"}, {":scheme", "https"}, {":authority", "localhost"}, {":path", "/"}}, {}};

/// A POST with a body of that size.
inline generators::RenderedRequest h3_post(std::size_t size) {
  generators::RenderedRequest post = kH3Get;
  post.headers[0].value = "POST";
  post.headers.push_back({"content-length", std::to_string(size)});
  post.body.assign(size, 'b');
  return post;
}

}  // namespace squall::test
