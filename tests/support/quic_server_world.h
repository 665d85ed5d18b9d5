#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "generators/http3/http3_session.h"
#include "generators/target/certificate.h"
#include "generators/target/quic_connection.h"
#include "generators/target/quic_server.h"

#include "tests/support/quic_pair.h"
#include "tests/support/test_certificate.h"

namespace squall::test {

/// A QuicServer and its clients in memory, with a clock that a test pushes.
///
/// What a path begins with says what becomes of a request: /size/N is answered with N bytes, /reset
/// is reset, /wait waits until the test answers, /status/N has that status, /away says GOAWAY
/// first.
///
/// Lifecycle:  make it, connect() clients, exchange().
/// Threads:    one owner.
/// Errors:     aborts where a session cannot be made.
class QuicServerWorld final : public generators::QuicServer::Owner {
 public:
  struct Client {
    AnswerListener heard;
    std::unique_ptr<generators::Http3Session> session;
    asio::ip::udp::endpoint address;  ///< As the server sees it: may change.
    bool went_on = true;
  };
  struct Waiting {
    std::uint64_t connection;
    std::int32_t stream;
  };
  struct Options {
    bool retry = false;
    bool early_data = false;
  };

  QuicServerWorld() : QuicServerWorld(Options()) {}
  explicit QuicServerWorld(const Options& options) {
    auto tls = generators::QuicServerTls::make({kTestCertificate, kTestKey}, options.early_data);
    if (!tls) std::abort();
    server = std::make_unique<generators::QuicServer>(*this, *std::move(tls), options.retry);
    generators::TlsSpec spec;
    spec.verify = false;
    spec.resume_sessions = true;
    auto made = generators::QuicTls::make(spec, {});
    if (!made) std::abort();
    client_tls_ = std::make_shared<const generators::QuicTls>(*std::move(made));
  }
  QuicServerWorld(const QuicServerWorld&) = delete;
  QuicServerWorld& operator=(const QuicServerWorld&) = delete;
  ~QuicServerWorld() override {
    connections.clear();
    server.reset();
    if (!waiting.empty()) std::abort();  // Whoever waits is answered or given up.
  }

  /// A client that has not said anything yet.
  Client& add_client() {
    Client& client = *clients.emplace_back(std::make_unique<Client>());
    const auto loopback = asio::ip::make_address("127.0.0.1");
    client.address = {loopback, static_cast<std::uint16_t>(10'000 + clients.size())};
    generators::QuicOptions quic;
    quic.tls = client_tls_;
    quic.tickets = tickets;
    quic.host = quic.server = "localhost";
    quic.seed = clients.size();
    quic.local = client.address;
    quic.remote = kServer;
    client.session = generators::Http3Session::make(std::move(quic), now);
    if (!client.session) std::abort();
    client.session->observe(client.heard);
    return client;
  }
  Client& connect() {
    Client& client = add_client();
    exchange();
    return client;
  }

  /// A GET of that path by the client, which must live as long as this.
  void get(Client& client, std::uint32_t ticket, const std::string& path,
           const std::string& method = "GET") {
    auto& request = *requests_.emplace_back(std::make_unique<generators::RenderedRequest>(kH3Get));
    request.headers[0].value = method;
    request.headers[3].value = path;
    client.session->submit(ticket, request, false);
  }

  /// Moves datagrams to and fro until there are none; time goes by as pacing asks for it.
  void exchange() {
    constexpr Duration kPace = std::chrono::milliseconds(2);
    do {
      while (move()) {
      }
    } while (tick(now + kPace));
  }

  bool move() {
    bool moved = false;
    for (const auto& client : clients) {
      for (const std::string& datagram : take(*client)) {
        moved = true;
        if (!is_lost()) give_server(datagram, client->address);
      }
    }
    server->flush(now);
    for (auto& [to, datagram] : std::exchange(sent, {})) {
      moved = true;
      if (is_lost()) continue;
      for (const auto& client : clients) {
        if (client->address != to || !client->went_on) continue;
        client->went_on = client->session->receive(datagram, generators::Ecn::kNone, now);
      }
    }
    return moved;
  }

  void give_server(std::string_view datagram, const asio::ip::udp::endpoint& from) {
    server->receive(datagram, generators::Ecn::kNone, {kServer, from}, now);
  }

  /// Goes to the next timer, `until` at most; false when there is none.
  bool tick(Instant until) {
    Instant next = server->next_timer().value_or(Instant::max());
    for (const auto& client : clients) {
      if (client->went_on) {
        next = std::min(next, client->session->next_timer().value_or(Instant::max()));
      }
    }
    if (next == Instant::max() || next > until) return false;
    now = std::max(now, next);
    server->on_timer(now);
    for (const auto& client : clients) {
      if (client->went_on && client->session->next_timer().value_or(Instant::max()) <= now) {
        client->went_on = client->session->on_timer(now);
      }
    }
    return true;
  }
  /// Lets time go by.
  void pass(Duration length) {
    const Instant until = now + length;
    exchange();
    while (tick(until)) {
      while (move()) {
      }
    }
    now = until;
  }

  /// Answers what waits at that place.
  bool answer(std::uint64_t place, Bytes body) {
    const Waiting who = waiting.at(place);
    waiting.erase(place);
    const auto found = connections.find(who.connection);
    if (found == connections.end() || found->second->session() == nullptr) return false;
    const bool is_there = found->second->session()->answer(who.stream, 200, body);
    found->second->flush();
    return is_there;
  }

  // As a server's owner.
  std::uint64_t on_open(const std::shared_ptr<generators::QuicConnection>& connection) override {
    connections.emplace(++last_, connection);
    return last_;
  }
  void on_established(generators::QuicConnection& /*connection*/) override { ++established; }
  void on_closed(generators::QuicConnection& connection) override {
    connections.erase(connection.number());
  }
  void on_request(generators::QuicConnection& connection, generators::ServerSession& session,
                  const generators::ReceivedRequest& request) override {
    ++seen;
    last_body = request.body;
    const auto number = [&](std::string_view prefix) {
      return std::strtoull(std::string(request.path.substr(prefix.size())).c_str(), nullptr, 10);
    };
    if (request.path.starts_with("/size/")) {
      session.answer(request.stream, 200, Bytes{number("/size/")});
    } else if (request.path.starts_with("/status/")) {
      session.answer(request.stream, static_cast<int>(number("/status/")), Bytes{64});
    } else if (request.path.starts_with("/reset")) {
      session.reset(request.stream);
    } else if (request.path.starts_with("/wait")) {
      waiting[++last_place] = {connection.number(), request.stream};
      session.wait_at(request.stream, last_place);
    } else if (request.path.starts_with("/away")) {
      session.go_away();
      session.answer(request.stream, 200, Bytes{64});
    } else {
      session.answer(request.stream, 200, "text/plain", "hello");
    }
  }
  void on_abandoned(std::uint64_t place) override {
    if (waiting.erase(place) != 1) std::abort();
  }
  bool send(const generators::ServerDatagrams& datagrams) override {
    if (is_blocked) ++blocked_sends;
    for (std::size_t i = 0; i < datagrams.bursts.size(); ++i) {
      const auto& burst = datagrams.bursts[i];
      for (std::size_t at = 0; at < burst.size; at += burst.segment) {
        sent.emplace_back(datagrams.paths[i].remote,
                          std::string(datagrams.bytes.data() + burst.begin + at,
                                      std::min(burst.segment, burst.size - at)));
      }
    }
    return !is_blocked;
  }
  bool silences(const generators::QuicPath& /*path*/) override { return is_silent; }

  inline static const asio::ip::udp::endpoint kServer{asio::ip::make_address("127.0.0.1"), 443};

  Instant now{std::chrono::seconds(1000)};
  std::unique_ptr<generators::QuicServer> server;
  std::vector<std::unique_ptr<Client>> clients;
  std::shared_ptr<generators::QuicTickets> tickets;  // Null: clients do not resume.
  std::map<std::uint64_t, std::shared_ptr<generators::QuicConnection>> connections;
  std::map<std::uint64_t, Waiting> waiting;
  std::vector<std::pair<asio::ip::udp::endpoint, std::string>> sent;
  std::string last_body;
  std::uint64_t last_place = 0;
  int seen = 0;         // Requests.
  int established = 0;  // Connections.
  int lose_each = 0;    // Of so many datagrams one is lost.
  int blocked_sends = 0;
  bool is_silent = false;
  bool is_blocked = false;

 private:
  bool is_lost() { return lose_each > 0 && ++moved_ % lose_each == 0; }
  std::vector<std::string> take(Client& client) const {
    auto out = std::make_unique<generators::Datagrams>();
    std::vector<std::string> datagrams;
    for (bool had_some = client.went_on ||
                         client.session->end().kind == generators::SessionEnd::Kind::kGoodbye;
         had_some;) {
      out->bursts.clear();
      client.went_on = client.session->take_output(*out, now) && client.went_on;
      had_some = !out->bursts.empty() && client.went_on;
      for (const generators::DatagramBurst& burst : out->bursts) {
        for (std::size_t at = 0; at < burst.size; at += burst.segment) {
          datagrams.emplace_back(out->bytes.data() + burst.begin + at,
                                 std::min(burst.segment, burst.size - at));
        }
      }
    }
    return datagrams;
  }

  std::shared_ptr<const generators::QuicTls> client_tls_;
  std::vector<std::unique_ptr<generators::RenderedRequest>> requests_;
  std::uint64_t last_ = 0;
  int moved_ = 0;
};

}  // namespace squall::test
