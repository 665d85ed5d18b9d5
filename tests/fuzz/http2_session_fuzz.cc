#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "generators/http2/http2_session.h"

namespace {

using squall::generators::ClientSession;
using squall::generators::Http2Session;
using squall::generators::RenderedRequest;
using squall::generators::StreamEnd;

constexpr ClientSession::Ticket kTickets = 3;

/// Holds the session to its word: each request ends once at most.
class Witness final : public ClientSession::Observer {
 public:
  void on_answer(ClientSession::Ticket ticket) override { check(ticket); }
  void on_status(ClientSession::Ticket ticket, int /*status*/) override { check(ticket); }
  void on_header(ClientSession::Ticket ticket, std::string_view /*name*/,
                 std::string_view /*value*/) override {
    check(ticket);
  }
  void on_body(ClientSession::Ticket ticket, std::string_view /*piece*/) override { check(ticket); }
  void on_end(ClientSession::Ticket ticket, StreamEnd /*end*/) override {
    check(ticket);
    ended[ticket] = true;
  }

  bool ended[kTickets] = {};  // NOLINT: as plain as can be

 private:
  void check(ClientSession::Ticket ticket) const {
    if (ticket >= kTickets || ended[ticket]) std::abort();
  }
};

}  // namespace

// The input is what a server sends; its first byte says into pieces of which size it is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = data[0] == 0 ? size : data[0];
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Witness witness;
  Http2Session session(witness);
  const RenderedRequest get{
      {{":method", "GET"}, {":scheme", "https"}, {":authority", "x"}, {":path", "/"}}, {}};
  RenderedRequest post = get;
  post.headers[0].value = "POST";
  post.body = std::string(100'000, 'b');
  session.submit(0, get, false);
  session.submit(1, post, true);
  session.submit(2, get, false);
  std::string out;
  for (int round = 0; !bytes.empty(); ++round) {
    out.clear();
    if (!session.take_output(out, 1U << 16U)) return 0;
    if (round == 2 && !witness.ended[2]) {
      session.cancel(2);
      witness.ended[2] = true;
    }
    const std::size_t some = std::min(piece, bytes.size());
    if (!session.receive(bytes.substr(0, some))) break;
    bytes.remove_prefix(some);
  }
  session.take_output(out, 1U << 20U);
  session.is_over();
  if (session.has_failed() && session.complaint().empty()) std::abort();  // It must say why.
  return 0;
}
