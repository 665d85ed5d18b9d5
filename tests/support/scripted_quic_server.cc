#include "tests/support/scripted_quic_server.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "tests/support/test_certificate.h"

namespace squall::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

ScriptedQuicServer::ScriptedQuicServer(Script script, QuicServerPeer::Options options)
    : script_(std::move(script)),
      options_(std::move(options)),
      socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);  // NOLINT: the sockets interface
  if (::bind(socket_.get(), any, size) != 0 || ::getsockname(socket_.get(), any, &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

ScriptedQuicServer::~ScriptedQuicServer() {
  stopping_ = true;
  thread_.join();
}

void ScriptedQuicServer::receive(Instant now) {
  std::array<char, 2048> buffer{};
  for (;;) {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    auto* who = reinterpret_cast<sockaddr*>(&from);  // NOLINT: the sockets interface
    const auto got = ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0, who, &size);
    if (got < 0) return;
    Client& client = clients_[ntohs(from.sin_port)];
    if (!client.peer) {
      client.peer = std::make_unique<QuicServerPeer>(options_, kTestCertificate, kTestKey);
      client.number = connections_++;
    }
    client.peer->receive(std::span(buffer).first(static_cast<std::size_t>(got)), now);
  }
}

void ScriptedQuicServer::run() {
  constexpr int kPause = 1;  // Milliseconds: timers need not be more exact than this.
  while (!stopping_) {
    pollfd one{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    ::poll(&one, 1, kPause);
    const Instant now = std::chrono::steady_clock::now();
    receive(now);
    for (auto& [port, client] : clients_) {
      if (client.peer->next_timer() <= now) client.peer->on_timer(now);
      if (client.peer->failure() == 0) script_(*client.peer, client.number);
      const sockaddr_in to = loopback(port);
      for (const std::string& datagram : client.peer->take(now)) {
        ::sendto(socket_.get(), datagram.data(), datagram.size(), 0,
                 reinterpret_cast<const sockaddr*>(&to), sizeof to);  // NOLINT: sockets
      }
    }
    // One that has ended is forgotten, as its client's port may be used again.
    std::erase_if(clients_, [](const auto& entry) { return entry.second.peer->failure() != 0; });
  }
}

}  // namespace squall::test
