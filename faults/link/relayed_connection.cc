#include "faults/link/relayed_connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace squall::faults {
namespace {

using Clock = std::chrono::steady_clock;
using Wait = asio::posix::stream_descriptor;
using boost::system::error_code;

constexpr std::size_t kBuffer = 64UL * 1024;
constexpr int kReadsAtOnce = 16;  // Then others on the loop have their turn.

/// Read into, and written from at once where nothing delays. One for each loop.
std::array<char, kBuffer>& buffer() {
  thread_local std::array<char, kBuffer> bytes;
  return bytes;
}

void send_at_once(int descriptor) {  // A relay must not wait for more to send, as Nagle would.
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void close_with_reset(Wait& socket) {
  if (!socket.is_open()) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  error_code ignored;
  socket.close(ignored);
}

bool is_not_now(int failure) { return failure == EAGAIN || failure == EWOULDBLOCK; }

}  // namespace

RelayedConnection::RelayedConnection(LinkState& link, UniqueFd client,
                                     std::vector<SocketAddress> upstream, Over over)
    : link_(link),
      over_(std::move(over)),
      upstream_(std::move(upstream)),
      client_(link.loop, client.release()),
      server_(link.loop),
      up_{.line = link.up, .from = client_, .to = server_},
      down_{.line = link.down, .from = server_, .to = client_} {}

void RelayedConnection::start() {
  began_ = Clock::now();
  send_at_once(client_.native_handle());
  if (link_.fault) ++link_.tally.connections;
  if (link_.is_half_open()) {
    ++link_.tally.half_open;
    is_half_open_ = true;
    return;
  }
  plan_reset();
  // The handshake's two packets; none of them is counted, as no byte of the load is in them.
  Flow flow;
  Instant ready = began_;
  if (link_.fault) {
    ready = link_.up.model.stream(ready, 1, flow).at;
    ready = link_.down.model.stream(ready, 1, flow).at;
  }
  if (ready <= began_) return connect_next();
  link_.agenda.at(ready, [self = shared_from_this()] { self->connect_next(); });
}

void RelayedConnection::plan_reset() {
  if (!link_.fault || !link_.fault->reset_after) return;
  const Instant when = std::max(began_, link_.since) + *link_.fault->reset_after;
  link_.agenda.at(when, [self = shared_from_this(), epoch = link_.epoch] {
    if (self->is_done_ || self->link_.epoch != epoch) return;
    ++self->link_.tally.resets;
    self->reset();
  });
}

void RelayedConnection::connect_next() {
  while (!is_done_ && tried_ < upstream_.size()) {
    const SocketAddress& address = upstream_[tried_++];
    auto socket = open_socket(address, SOCK_STREAM);
    if (!socket) continue;
    send_at_once(socket->get());
    const int failed = ::connect(socket->get(), address.data(), address.length);
    if (failed != 0 && errno != EINPROGRESS) continue;
    error_code ignored;
    server_.close(ignored);
    server_.assign(socket->release());
    server_.async_wait(Wait::wait_write, [self = shared_from_this()](const error_code& aborted) {
      if (!aborted && !self->is_done_) self->on_connected();
    });
    return;
  }
  reset();  // As near as a relay comes to the refusal of a connection that it has accepted.
}

void RelayedConnection::on_connected() {
  int failure = 0;
  socklen_t size = sizeof(failure);
  ::getsockopt(server_.native_handle(), SOL_SOCKET, SO_ERROR, &failure, &size);
  if (failure != 0) return connect_next();
  is_relaying_ = true;
  read(up_);
  if (!is_done_) read(down_);
}

void RelayedConnection::reset() {
  if (is_done_) return;
  close_with_reset(client_);
  close_with_reset(server_);
  drop();
}

void RelayedConnection::drop() {
  if (std::exchange(is_done_, true)) return;
  const auto self = shared_from_this();  // `over` may let go of the last other one.
  error_code ignored;
  client_.close(ignored);
  server_.close(ignored);
  if (auto over = std::exchange(over_, nullptr)) over(*this);
}

void RelayedConnection::heed_change() {
  up_.is_held = down_.is_held = false;
  plan_reset();
  for (Way* way : {&up_, &down_}) {
    if (is_done_ || !is_relaying_) return;
    write(*way);
    if (!is_done_) read(*way);
  }
}

bool RelayedConnection::hold(Way& way) {
  if (!link_.holds_streams()) return false;
  if (!std::exchange(way.is_held, true)) ++link_.tally.held;
  return true;
}

void RelayedConnection::read(Way& way) {
  for (int round = 0; round < kReadsAtOnce; ++round) {
    if (is_done_ || way.has_ended || way.waits_to_read || way.waits_for_line) return;
    if (way.queued >= way.line.model.window()) return;  // write() comes back.
    if (read_once(way, Clock::now()) == Step::kStop) return;
  }
  asio::post(link_.loop, [self = shared_from_this(), &way] { self->read(way); });
}

RelayedConnection::Step RelayedConnection::read_once(Way& way, Instant now) {
  // In a black hole one looks whether there is something that it holds, and leaves it there.
  if (link_.holds_streams()) {
    const auto there = ::recv(way.from.native_handle(), buffer().data(), 1, MSG_PEEK);
    if (there < 0 && is_not_now(errno)) {
      wait_to_read(way);
    } else {
      hold(way);  // heed_change() comes back.
    }
    return Step::kStop;
  }
  if (const Instant ready = link_.fault ? way.line.model.ready_at(now) : now; ready > now) {
    wait_until(way, &Way::waits_for_line, ready);
    return Step::kStop;
  }
  const std::size_t most = link_.fault ? std::min(kBuffer, way.line.model.most_at_once()) : kBuffer;
  const auto got = ::recv(way.from.native_handle(), buffer().data(), most, 0);
  if (got > 0) {
    take(way, now, static_cast<std::size_t>(got));
    return is_done_ ? Step::kStop : Step::kGoOn;
  }
  if (got == 0) {
    take_end(way, now);
    return Step::kStop;
  }
  if (errno == EINTR) return Step::kGoOn;
  if (!is_not_now(errno)) {
    reset();  // What one side has reset is reset for the other.
  } else {
    wait_to_read(way);
  }
  return Step::kStop;
}

void RelayedConnection::take(Way& way, Instant now, std::size_t size) {
  const Fate fate = link_.stream(way.line, now, size, way.flow);
  if (link_.fault && link_.fault->reset_after_bytes) {
    if (std::exchange(passed_in_epoch_, link_.epoch) != link_.epoch) passed_ = 0;
    passed_ += size;
    if (passed_ > link_.fault->reset_after_bytes->count) {
      ++link_.tally.resets;
      return reset();
    }
  }
  const char* data = buffer().data();
  const Impairment* asked =
      link_.fault ? (&way == &up_ ? &link_.fault->up : &link_.fault->down) : nullptr;
  std::size_t slice = asked != nullptr && asked->slice ? asked->slice->count : size;
  slice = std::max<std::size_t>(slice, 1);
  Instant at = fate.at;
  std::size_t done = 0;
  if (way.pieces.empty() && at <= now && slice >= size) {  // The common case: straight through.
    const auto sent = ::send(way.to.native_handle(), data, size, MSG_NOSIGNAL);
    if (sent < 0 && !is_not_now(errno)) return reset();
    done = sent > 0 ? static_cast<std::size_t>(sent) : 0;
    if (done > 0) link_.count_delivery(way.line, now, Clock::now(), done);
  }
  while (done < size) {
    const std::size_t part = std::min(slice, size - done);
    way.pieces.push_back(
        {.at = at, .came = now, .stalled = fate.stalled, .data = std::string(data + done, part)});
    way.queued += part;
    done += part;
    if (done < size) at += asked->slice_gap;
  }
  way.flow.last = std::max(way.flow.last, at);
  way.flow.last_unstalled += at - fate.at;
  write(way);
}

void RelayedConnection::take_end(Way& way, Instant now) {
  way.has_ended = true;
  const Fate fate = link_.stream(way.line, now, 0, way.flow);
  Instant at = fate.at;
  if (link_.fault && link_.fault->slow_close > Duration::zero()) {
    at += link_.fault->slow_close;
    ++link_.tally.late_ends;
  }
  way.flow.last = std::max(way.flow.last, at);
  way.pieces.push_back({.at = at, .came = now, .data = {}});
  write(way);
}

void RelayedConnection::write(Way& way) {
  const bool was_full = way.queued >= way.line.model.window();
  while (!is_done_ && !way.pieces.empty() && !way.waits_to_write && !way.waits_for_time) {
    if (write_once(way, Clock::now()) == Step::kStop) break;
  }
  if (!is_done_ && was_full && way.queued < way.line.model.window()) {
    asio::post(link_.loop, [self = shared_from_this(), &way] { self->read(way); });
  }
}

RelayedConnection::Step RelayedConnection::write_once(Way& way, Instant now) {
  if (hold(way)) return Step::kStop;  // heed_change() comes back.
  Piece& first = way.pieces.front();
  if (first.at > now) {
    wait_until(way, &Way::waits_for_time, first.at);
    return Step::kStop;
  }
  if (first.data.empty()) {
    way.pieces.pop_front();
    pass_end_on(way);
    return Step::kStop;
  }
  const auto sent = ::send(way.to.native_handle(), first.data.data() + first.sent,
                           first.data.size() - first.sent, MSG_NOSIGNAL);
  if (sent < 0 && errno == EINTR) return Step::kGoOn;
  if (sent < 0 && !is_not_now(errno)) {
    reset();
    return Step::kStop;
  }
  if (sent < 0) {
    wait_to_write(way);
    return Step::kStop;
  }
  first.sent += static_cast<std::size_t>(sent);
  way.queued -= static_cast<std::size_t>(sent);
  if (first.sent == first.data.size()) {
    link_.count_delivery(way.line, first.came, now, first.data.size(), first.stalled);
    way.pieces.pop_front();
  }
  return Step::kGoOn;
}

void RelayedConnection::pass_end_on(Way& way) {
  way.is_over = true;
  ::shutdown(way.to.native_handle(), SHUT_WR);
  if (up_.is_over && down_.is_over) drop();
}

void RelayedConnection::wait_to_read(Way& way) {
  way.waits_to_read = true;
  way.from.async_wait(Wait::wait_read, [self = shared_from_this(), &way](const error_code& no) {
    way.waits_to_read = false;
    if (!no && !self->is_done_) self->read(way);
  });
}

void RelayedConnection::wait_to_write(Way& way) {
  way.waits_to_write = true;
  way.to.async_wait(Wait::wait_write, [self = shared_from_this(), &way](const error_code& no) {
    way.waits_to_write = false;
    if (!no && !self->is_done_) self->write(way);
  });
}

void RelayedConnection::wait_until(Way& way, bool Way::*flag, Instant when) {
  way.*flag = true;
  link_.agenda.at(when, [self = shared_from_this(), &way, flag] {
    way.*flag = false;
    if (self->is_done_) return;
    flag == &Way::waits_for_line ? self->read(way) : self->write(way);
  });
}

}  // namespace squall::faults
