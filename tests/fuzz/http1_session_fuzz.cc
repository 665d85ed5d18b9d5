#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "generators/http1/http1_session.h"

namespace {

using squall::generators::ClientSession;
using squall::generators::Http1Session;
using squall::generators::RenderedRequest;
using squall::generators::StreamEnd;

/// Holds the session to its word: events only of the request in flight, each of which ends once.
class Witness final : public ClientSession::Observer {
 public:
  void on_answer(ClientSession::Ticket ticket) override { check(ticket); }
  void on_status(ClientSession::Ticket ticket, int status) override {
    check(ticket);
    if (status < 100 || status > 999) std::abort();
  }
  void on_header(ClientSession::Ticket ticket, std::string_view name,
                 std::string_view value) override {
    check(ticket);
    const auto breaks = [](char letter) {
      return letter == '\r' || letter == '\n' || letter == '\0';
    };
    if (name.empty() || std::any_of(name.begin(), name.end(), breaks) ||
        std::any_of(value.begin(), value.end(), breaks)) {
      std::abort();
    }
  }
  void on_body(ClientSession::Ticket ticket, std::string_view /*piece*/) override { check(ticket); }
  void on_end(ClientSession::Ticket ticket, StreamEnd /*end*/) override {
    check(ticket);
    is_waiting = false;
  }

  ClientSession::Ticket current = 0;
  bool is_waiting = false;

 private:
  void check(ClientSession::Ticket ticket) const {
    if (!is_waiting || ticket != current) std::abort();
  }
};

RenderedRequest request_of(const char* method) {
  return {{{":method", method}, {":scheme", "http"}, {":authority", "x"}, {":path", "/"}}, {}};
}

}  // namespace

// The input is what a server sends. Its first byte says into pieces of which size it is cut; the
// lowest bits of the second, whether requests are HEAD, have a body, or are given up late.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::size_t piece = data[0] == 0 ? size : data[0];
  const bool has_body = (data[1] & 2U) != 0;
  const bool gives_up = (data[1] & 4U) != 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  RenderedRequest request = request_of((data[1] & 1U) != 0 ? "HEAD" : "GET");
  request.body = std::string(has_body ? 100'000 : 0, 'b');
  Witness witness;
  Http1Session session(witness);
  std::string out;
  bool is_sound = true;
  for (int round = 0; is_sound && !bytes.empty(); ++round) {
    if (!witness.is_waiting && session.can_submit()) {
      witness.is_waiting = session.submit(++witness.current, request, has_body);
      if (!witness.is_waiting) std::abort();
    }
    out.clear();
    if (!session.take_output(out, 1U << 12U)) std::abort();
    if (gives_up && round == 3 && witness.is_waiting) {
      session.cancel(witness.current);
      witness.is_waiting = false;
    }
    const std::size_t some = std::min(piece, bytes.size());
    is_sound = session.receive(bytes.substr(0, some));
    bytes.remove_prefix(some);
  }
  if (is_sound) session.receive_end();
  if (!session.is_over() || session.can_submit()) std::abort();
  return 0;
}
