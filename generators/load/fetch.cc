#include "generators/load/fetch.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <poll.h>

#include "generators/load/make_session.h"
#include "generators/spec/target_spec.h"
#include "generators/transport/dial.h"
#include "harness/runtime/asio.h"

namespace squall::generators {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostBody = 64 * 1024;
constexpr std::size_t kBufferSize = 16 * 1024;

Result<std::unique_ptr<ByteStream>> connect(const Url& url, Instant until) {
  DialOptions options;
  options.timeout = until - Clock::now();
  if (options.timeout <= Duration::zero()) return error(std::errc::timed_out);
  if (url.scheme == "https") {
    TlsSpec tls;
    tls.verify = false;
    SQUALL_TRY(auto context,
               TlsContext::make(tls, {}, {std::string(kAlpnH2), std::string(kAlpnHttp1)}));
    options.tls = std::make_shared<const TlsContext>(std::move(context));
  }
  asio::io_context loop(1);
  TcpDialer dialer(loop, std::move(options));
  std::optional<Dialled> dialled;
  const auto attempt = dialer.dial(url, [&dialled](Dialled done) { dialled = std::move(done); });
  loop.run();
  if (dialled && dialled->stream) return std::move(dialled->stream);
  return error(std::errc::not_connected, dialled ? dialled->why : "connect");
}

/// Waits until the stream can go on after `step`. Fails when it never can.
Result<void> wait(const ByteStream& stream, const IoStep& step, Instant until) {
  using Kind = IoStep::Kind;
  if (step.kind != Kind::kWantRead && step.kind != Kind::kWantWrite) {
    if (step.kind == Kind::kEnd) return error(std::errc::connection_reset, "the server closed");
    return error(std::errc::io_error, stream.error_text());
  }
  pollfd waiting{stream.descriptor(),
                 static_cast<short>(step.kind == Kind::kWantRead ? POLLIN : POLLOUT), 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
  const int most = static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
  if (most == 0 || ::poll(&waiting, 1, most) == 0) return error(std::errc::timed_out);
  return {};
}

Result<void> write_all(ByteStream& stream, std::string_view bytes, Instant until) {
  while (!bytes.empty()) {
    const IoStep step = stream.write(bytes);
    if (step.kind == IoStep::Kind::kDone) {
      bytes.remove_prefix(step.bytes);
    } else if (auto waited = wait(stream, step, until); !waited) {
      return std::move(waited).error();
    }
  }
  return {};
}

/// Some bytes; none at the end of the stream.
Result<std::string_view> read_some(ByteStream& stream, std::span<char> buffer, Instant until) {
  for (;;) {
    const IoStep step = stream.read(buffer);
    if (step.kind == IoStep::Kind::kDone) return std::string_view(buffer.data(), step.bytes);
    if (step.kind == IoStep::Kind::kEnd) return std::string_view{};
    if (auto waited = wait(stream, step, until); !waited) return std::move(waited).error();
  }
}

/// Keeps the answer to the only request of a session.
class OneAnswer final : public ClientSession::Observer {
 public:
  void on_answer(ClientSession::Ticket /*ticket*/) override {}
  void on_status(ClientSession::Ticket /*ticket*/, int status) override { answer.status = status; }
  void on_header(ClientSession::Ticket /*ticket*/, std::string_view name,
                 std::string_view value) override {
    answer.headers.emplace_back(name, value);
  }
  void on_body(ClientSession::Ticket /*ticket*/, std::string_view piece) override {
    answer.body += piece.substr(0, kMostBody - answer.body.size());
    if (answer.body.size() == kMostBody) end = StreamEnd::kWhole;  // Enough of it.
  }
  void on_end(ClientSession::Ticket /*ticket*/, StreamEnd how) override {
    if (!end) end = how;
  }

  Answer answer;
  std::optional<StreamEnd> end;
};

/// Fails with protocol_error when the server does not speak `protocol`.
Result<Answer> get(Protocol protocol, ByteStream& stream, const Url& url, Instant until) {
  OneAnswer observer;
  const auto session = make_session(protocol, stream, observer);
  const RenderedRequest request{{{":method", "GET"},
                                 {":scheme", url.scheme},
                                 {":authority", url.authority()},
                                 {":path", url.path},
                                 {"user-agent", "squall"}},
                                {}};
  session->submit(0, request, false);
  std::array<char, kBufferSize> buffer;  // NOLINT: written before it is read
  while (!observer.end) {
    std::string out;
    const bool can_go_on = session->take_output(out, kBufferSize);
    if (auto written = write_all(stream, out, until); !written) {
      return std::move(written).error();
    }
    if (!can_go_on || session->is_over()) return error(std::errc::protocol_error, "no HTTP");
    if (out.size() >= kBufferSize) continue;
    auto some = read_some(stream, buffer, until);
    if (!some) return std::move(some).error();
    if (some->empty()) {
      session->receive_end();
      if (!observer.end) return error(std::errc::connection_reset, "the server closed");
    } else if (!session->receive(*some) && !observer.end) {
      return error(std::errc::protocol_error, "no HTTP");
    }
  }
  if (*observer.end != StreamEnd::kWhole) return error(std::errc::connection_reset, "no answer");
  return std::move(observer.answer);
}

Result<Answer> fetch_url(const Url& url, Instant until) {
  SQUALL_TRY(auto stream, connect(url, until));
  auto answer = get(Protocol::kAuto, *stream, url, until);
  // 505 is "HTTP version not supported" (RFC 9110 §15.6.6).
  const bool other_version = answer && answer->status == 505;
  if ((answer && !other_version) || url.scheme == "https" ||
      (!answer && answer.error().code == std::errc::timed_out)) {
    return answer;
  }
  // Perhaps it speaks HTTP/2 only, and with prior knowledge (RFC 9113 §3.3).
  SQUALL_TRY(auto again, connect(url, until));
  auto second = get(Protocol::kH2c, *again, url, until);
  return second ? std::move(second) : std::move(answer);
}

}  // namespace

Result<Answer> fetch(const std::string& url, Duration timeout) {
  const Instant until = Clock::now() + timeout;
  constexpr std::string_view kTcp = "tcp://";
  const bool tcp_only = url.starts_with(kTcp);
  auto parsed = parse_url(tcp_only ? "http://" + url.substr(kTcp.size()) : url);
  if (!parsed) return std::move(parsed).error().within(url);
  if (tcp_only) {
    auto stream = connect(*parsed, until);
    if (!stream) return std::move(stream).error().within(url);
    return Answer{200, {}, {}};
  }
  auto answer = fetch_url(*parsed, until);
  if (!answer) return std::move(answer).error().within(url);
  return answer;
}

}  // namespace squall::generators
