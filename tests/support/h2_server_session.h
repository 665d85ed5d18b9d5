#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

struct nghttp2_session;

namespace squall::test {

/// The server's side of an HTTP/2 connection in memory: bytes in, bytes out.
///
/// Answers each request with 200 and a body, unless `answers` is off; then the test decides.
class H2ServerSession {
 public:
  struct Request {
    std::map<std::string, std::string> headers;
    std::string body;
    bool whole = false;
    bool reset = false;
  };

  explicit H2ServerSession(std::uint32_t most_streams = 100);
  H2ServerSession(const H2ServerSession&) = delete;
  H2ServerSession& operator=(const H2ServerSession&) = delete;
  ~H2ServerSession();

  bool receive(std::string_view bytes);
  std::string take_output();

  void answer(std::int32_t stream, int status, std::size_t body_size);
  void interim(std::int32_t stream, int status);
  void reset(std::int32_t stream, std::uint32_t code);
  /// GOAWAY: streams up to `last` are still answered. `code` is 0 where it is for no fault.
  void go_away(std::int32_t last, std::uint32_t code = 0);

  std::map<std::int32_t, Request> requests;
  bool answers = true;
  std::size_t body_size = 5;

 private:
  friend struct H2ServerCallbacks;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, std::size_t> body_left_;
};

}  // namespace squall::test
