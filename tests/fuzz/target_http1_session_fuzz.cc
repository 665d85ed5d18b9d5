// The server's end of HTTP/1.1 with a client that says anything: no crash, bounded output, and
// every request that waits is answered or given up exactly once.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "generators/target/http1_server_session.h"

namespace {

using squall::Bytes;
using squall::generators::ReceivedRequest;
using squall::generators::ServerSession;

class Service : public ServerSession::Handler {
 public:
  void on_request(ServerSession& session, const ReceivedRequest& request) override {
    switch (request.path.size() % 5) {
      case 0:
        session.answer(request.stream, 200, Bytes{request.path.size() * 1000});
        break;
      case 1:
        session.answer(request.stream, 404, "application/json", std::string(request.body));
        break;
      case 2:
        session.reset(request.stream);
        break;
      case 3:
        session.go_away();
        session.answer(request.stream, 204, Bytes{});
        break;
      default:
        waiting.insert(static_cast<std::uint64_t>(request.stream));
        session.wait_at(request.stream, static_cast<std::uint64_t>(request.stream));
    }
  }
  void on_abandoned(std::uint64_t place) override {
    if (waiting.erase(place) != 1) std::abort();
  }
  std::set<std::uint64_t> waiting;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Service service;
  auto session = std::make_unique<squall::generators::Http1ServerSession>(service, true);
  // The first byte says into what pieces the network has cut the rest.
  const std::size_t piece = data[0] == 0 ? size : data[0];
  std::vector<std::uint8_t> output;
  for (std::size_t at = 1; at < size; at += piece) {
    const std::span<const std::uint8_t> bytes(data + at, std::min(piece, size - at));
    if (!session->receive(bytes)) break;
    output.clear();
    session->pull(output, 65536);
    if (output.size() > 65536 + 32768) std::abort();
    if (!service.waiting.empty()) {
      const auto stream = static_cast<std::int32_t>(*service.waiting.begin());
      if (!session->answer(stream, 200, Bytes{64})) std::abort();
      service.waiting.erase(service.waiting.begin());
    }
  }
  session.reset();
  if (!service.waiting.empty()) std::abort();
  return 0;
}
