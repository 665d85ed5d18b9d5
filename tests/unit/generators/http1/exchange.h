#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "generators/http1/http1_session.h"

namespace squall::test {

/// A client that sends one request, and writes down what it hears of it.
class Exchange final : public generators::ClientSession::Observer {
 public:
  using Ticket = generators::ClientSession::Ticket;
  using Headers = std::vector<std::pair<std::string, std::string>>;

  /// Submits and takes the output; what went out.
  std::string send(const generators::RenderedRequest& request, bool has_body = false) {
    std::string out;
    submitted = session.submit(7, request, has_body);
    session.take_output(out, 1U << 20U);
    return out;
  }
  std::string get(const std::string& method = "GET") { return send(request_of(method)); }

  /// Sends a GET, then hears `answer` in pieces of `piece` bytes. False when the session broke.
  bool hear(std::string_view answer, std::size_t piece = std::string_view::npos) {
    while (!answer.empty()) {
      if (!session.receive(answer.substr(0, piece))) return false;
      answer.remove_prefix(std::min(piece, answer.size()));
    }
    return true;
  }

  static generators::RenderedRequest request_of(const std::string& method) {
    return {{{":method", method},
             {":scheme", "http"},
             {":authority", "edge.example:8080"},
             {":path", "/index.html?n=1"},
             {"user-agent", "squall"}},
            {}};
  }

  void on_answer(Ticket /*ticket*/) override { ++answers; }
  void on_status(Ticket /*ticket*/, int status) override { statuses.push_back(status); }
  void on_header(Ticket /*ticket*/, std::string_view name, std::string_view value) override {
    headers.emplace_back(name, value);
    if (cancels_at_header) session.cancel(7);
  }
  void on_body(Ticket /*ticket*/, std::string_view piece) override { body += piece; }
  void on_end(Ticket ticket, generators::StreamEnd end) override {
    ends.push_back(end);
    last_ticket = ticket;
    if (next != nullptr) submitted = session.submit(8, *std::exchange(next, nullptr), false);
  }

  generators::Http1Session session{*this};
  bool submitted = false;
  int answers = 0;
  std::vector<int> statuses;
  Headers headers;
  std::string body;
  std::vector<generators::StreamEnd> ends;
  Ticket last_ticket = 0;
  const generators::RenderedRequest* next = nullptr;  ///< Submitted when the first has ended.
  bool cancels_at_header = false;
};

}  // namespace squall::test
