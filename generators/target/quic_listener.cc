#include "generators/target/quic_listener.h"

#include <algorithm>
#include <span>
#include <utility>

#include "generators/target/quic_connection.h"
#include "generators/target/target_loop.h"

namespace squall::generators {
namespace {

using boost::asio::posix::stream_descriptor;
using boost::system::error_code;

constexpr int kMostReads = 32;  // Per wake-up, so that answers and TCP have their turn.

}  // namespace

QuicListener::QuicListener(TargetLoop& loop, boost::asio::io_context& io, UdpListener socket,
                           QuicServerTls tls, bool retry)
    : loop_(loop),
      socket_(std::move(socket)),
      server_(*this, std::move(tls), retry),
      waiter_(io, socket_.descriptor()),
      timer_(io) {}

QuicListener::~QuicListener() { close(); }

void QuicListener::start() { wait_readable(); }

void QuicListener::close() {
  if (std::exchange(is_closed_, true)) return;
  timer_.cancel();
  waiter_.release();  // Ends the waits.
}

QuicCounts QuicListener::counts() {
  QuicCounts counts = server_.counts();
  counts.dropped_by_kernel = socket_.dropped();
  return counts;
}

void QuicListener::wait_readable() {
  waiter_.async_wait(stream_descriptor::wait_read, [this](error_code cancelled) {
    if (cancelled || is_closed_) return;
    on_readable();
    if (!is_closed_) wait_readable();
  });
}

void QuicListener::wait_writable() {
  if (std::exchange(waits_writable_, true)) return;
  waiter_.async_wait(stream_descriptor::wait_write, [this](error_code cancelled) {
    waits_writable_ = false;
    if (cancelled || is_closed_) return;
    loop_.begin_batch();
    loop_.end_batch();
  });
}

void QuicListener::on_readable() {
  loop_.begin_batch();
  std::vector<std::uint8_t>& room = loop_.read_buffer();
  const std::span<char> buffer(reinterpret_cast<char*>(room.data()), room.size());  // NOLINT: bytes
  for (int reads = 0; reads < kMostReads; ++reads) {
    const auto got = socket_.receive(buffer);
    if (!got) break;
    for (std::size_t at = 0; at < got->bytes; at += got->segment) {
      const std::size_t size = std::min(got->segment, got->bytes - at);
      server_.receive(buffer.subspan(at, size), got->ecn, got->path, loop_.now());
    }
  }
  loop_.end_batch();
}

void QuicListener::flush(Instant now) {
  if (is_closed_) return;
  if (send_pending()) server_.flush(now);
  if (!is_closed_) arm_timer();
}

void QuicListener::arm_timer() {
  const Instant next = server_.next_timer().value_or(Instant::max());
  if (next == armed_for_) return;
  // One that fires too early finds nothing to do, and is cheaper than one that is set each time.
  if (next > armed_for_) return;
  armed_for_ = next;
  timer_.expires_at(next);
  timer_.async_wait([this, armed_for = next](error_code cancelled) {
    if (cancelled || is_closed_ || armed_for != armed_for_) return;
    armed_for_ = Instant::max();
    loop_.begin_batch();
    server_.on_timer(loop_.now());
    loop_.end_batch();
  });
}

bool QuicListener::send_pending() {
  while (!unsent_.empty()) {
    Unsent& first = unsent_.front();
    const std::size_t sent = socket_.send(first.bytes, first.burst, first.path);
    if (sent < first.bytes.size()) {
      first.bytes.erase(first.bytes.begin(),
                        first.bytes.begin() + static_cast<std::ptrdiff_t>(sent));
      wait_writable();
      return false;
    }
    unsent_.pop_front();
  }
  return true;
}

bool QuicListener::send(const ServerDatagrams& datagrams) {
  for (std::size_t i = 0; i < datagrams.bursts.size(); ++i) {
    const DatagramBurst& burst = datagrams.bursts[i];
    const auto bytes = std::span(datagrams.bytes).subspan(burst.begin, burst.size);
    const std::size_t sent = unsent_.empty() ? socket_.send(bytes, burst, datagrams.paths[i]) : 0;
    if (sent == bytes.size()) continue;
    const auto rest = bytes.subspan(sent);
    unsent_.push_back({{rest.begin(), rest.end()}, burst, datagrams.paths[i]});
    wait_writable();
  }
  return unsent_.empty();
}

std::uint64_t QuicListener::on_open(const std::shared_ptr<QuicConnection>& connection) {
  return loop_.adopt(connection);
}

void QuicListener::on_established(QuicConnection& /*connection*/) {
  ++loop_.counts().tls;
  ++loop_.counts().h3;
}

void QuicListener::on_closed(QuicConnection& connection) { loop_.forget(connection.number()); }

void QuicListener::on_request(QuicConnection& connection, ServerSession& session,
                              const ReceivedRequest& request) {
  loop_.serve(connection, session, request);
}

void QuicListener::on_abandoned(std::uint64_t place) { loop_.withdraw(place); }

bool QuicListener::silences(const QuicPath& /*path*/) {
  if (!loop_.is_silent()) return false;
  ++loop_.counts().accepted;
  ++loop_.counts().silenced;
  return true;
}

}  // namespace squall::generators
