#include "generators/transport/shared_udp.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace squall::generators {

using boost::system::error_code;
using Waiter = asio::posix::stream_descriptor;

namespace {

// Others have their turn after so many reads, of 64 KB each, or so long.
constexpr int kReadsPerTurn = 16;
constexpr Duration kTurn = std::chrono::milliseconds(1);
constexpr std::size_t kReadSize = 64 * 1024;

std::uint64_t key_of(std::span<const std::uint8_t> id) {
  std::uint64_t key = 0;
  static_assert(sizeof key == ConnectionIds::kSize);
  std::memcpy(&key, id.data(), sizeof key);
  return key;
}

}  // namespace

SharedSockets::~SharedSockets() {
  for (auto& [place, socket] : sockets_) socket->stop();
}

Result<std::shared_ptr<SharedSocket>> SharedSockets::socket(const Place& place) {
  const auto found = sockets_.find(place);
  if (found != sockets_.end()) return found->second;
  SQUALL_TRY(auto udp, UdpSocket::connect(place.first, place.second));
  auto made = std::make_shared<SharedSocket>(loop_, std::move(udp));
  sockets_.emplace(place, made);
  return made;
}

Result<std::shared_ptr<SharedRoute>> SharedSockets::route(
    const asio::ip::udp::endpoint& to, const std::optional<asio::ip::address>& from) {
  SQUALL_TRY(auto shared, socket({to, from}));
  return std::make_shared<SharedRoute>(shared_from_this(), std::move(shared));
}

SharedRoute* SharedSockets::find(std::span<const char> datagram) const {
  // RFC 8999 §5.1, §5.2: a long header has a version and its ID's length first; a short one has the
  // ID at once.
  constexpr std::size_t kLongId = 6;
  constexpr unsigned kLong = 0x80;
  if (datagram.empty()) return nullptr;
  const bool is_long = (static_cast<unsigned char>(datagram[0]) & kLong) != 0;
  const std::size_t begin = is_long ? kLongId : 1;
  const bool has_id = datagram.size() >= begin + ConnectionIds::kSize &&
                      (!is_long || datagram[kLongId - 1] == char{ConnectionIds::kSize});
  if (has_id) {
    std::array<std::uint8_t, ConnectionIds::kSize> id{};
    std::memcpy(id.data(), datagram.data() + begin, id.size());
    const auto found = ids_.find(key_of(id));
    if (found != ids_.end()) return found->second;
  }
  // RFC 9000 §10.3: with at least 5 bytes before the token.
  ConnectionIds::ResetToken token{};
  if (is_long || datagram.size() < token.size() + 5) return nullptr;
  std::memcpy(token.data(), datagram.last(token.size()).data(), token.size());
  const auto found = resets_.find(token);
  return found == resets_.end() ? nullptr : found->second;
}

SharedRoute::SharedRoute(std::shared_ptr<SharedSockets> sockets,
                         std::shared_ptr<SharedSocket> socket)
    : sockets_(std::move(sockets)), socket_(std::move(socket)) {
  socket_->enter(*this);
}

SharedRoute::~SharedRoute() {
  for (const Id& id : ids_) sockets_->ids_.erase(key_of(id));
  for (const ResetToken& token : resets_) sockets_->resets_.erase(token);
  socket_->leave(*this);
}

void SharedRoute::wait_writable() {
  socket_->routes_[this] = true;
  socket_->wait_writable();
}

UdpSocket& SharedRoute::socket() { return socket_->udp_; }
const UdpSocket& SharedRoute::socket() const { return socket_->udp_; }

Result<void> SharedRoute::rebind(Instant when) { return socket_->rebind(when); }

Result<std::shared_ptr<SharedSocket>> SharedRoute::beside(const asio::ip::address& from) const {
  return sockets_->socket({socket().remote(), from});
}

void SharedRoute::go_over(std::shared_ptr<SharedSocket> socket) {
  socket_->leave(*this);
  socket_ = std::move(socket);
  socket_->enter(*this);
}

bool SharedRoute::add(const Id& id) {
  if (!sockets_->ids_.emplace(key_of(id), this).second) return false;
  ids_.push_back(id);
  return true;
}

void SharedRoute::remove(const Id& id) {
  if (std::erase(ids_, id) > 0) sockets_->ids_.erase(key_of(id));
}

// The token of another connection may be the same only where a server means harm: the first has it.
void SharedRoute::add_reset(const ResetToken& token) {
  if (sockets_->resets_.emplace(token, this).second) resets_.push_back(token);
}

void SharedRoute::remove_reset(const ResetToken& token) {
  if (std::erase(resets_, token) > 0) sockets_->resets_.erase(token);
}

SharedSocket::SharedSocket(asio::io_context& loop, UdpSocket udp)
    : waiter_(loop), udp_(std::move(udp)) {}

SharedSocket::~SharedSocket() { stop(); }

void SharedSocket::enter(SharedRoute& route) {
  routes_.emplace(&route, false);
  wait_readable();
}

void SharedSocket::leave(SharedRoute& route) {
  routes_.erase(&route);
  if (routes_.empty()) stop();
}

/// Nothing is waited for any more.
void SharedSocket::stop() {
  ++number_;
  reads_ = writes_ = false;
  if (waiter_.is_open()) waiter_.release();
}

Result<void> SharedSocket::rebind(Instant when) {
  if (rebound_ == when) return {};
  SQUALL_TRY(auto fresh, UdpSocket::connect(udp_.remote(), udp_.local().address()));
  rebound_ = when;
  fresh.follow(udp_);
  stop();
  before_ = std::exchange(udp_, std::move(fresh));
  wait_readable();
  const bool is_awaited =
      std::any_of(routes_.begin(), routes_.end(), [](const auto& one) { return one.second; });
  if (is_awaited) wait_writable();
  return {};
}

void SharedSocket::wait_readable() {
  if (std::exchange(reads_, true)) return;
  if (!waiter_.is_open()) waiter_.assign(udp_.descriptor());
  waiter_.async_wait(Waiter::wait_read,
                     [this, self = shared_from_this(), of = number_](const error_code& aborted) {
                       if (aborted || of != number_) return;
                       reads_ = false;
                       on_readable();
                     });
}

void SharedSocket::wait_writable() {
  if (std::exchange(writes_, true)) return;
  if (!waiter_.is_open()) waiter_.assign(udp_.descriptor());
  waiter_.async_wait(Waiter::wait_write,
                     [this, self = shared_from_this(), of = number_](const error_code& aborted) {
                       if (aborted || of != number_) return;
                       writes_ = false;
                       on_writable();
                     });
}

void SharedSocket::on_readable() {
  static thread_local std::array<char, kReadSize> buffer;
  std::optional<Instant> began;
  // What is told of may end every route, and with them whose sockets these are.
  for (int reads = 0; reads < kReadsPerTurn && !routes_.empty(); ++reads) {
    const auto sockets = routes_.begin()->first->sockets_;
    const UdpSocket::Received got = udp_.receive(buffer);
    if (got.kind == IoStep::Kind::kWantRead) break;
    if (got.kind != IoStep::Kind::kDone) {
      tell_of_failure();
      break;
    }
    deliver(*sockets, std::span<const char>(buffer).first(got.bytes), got);
    const Instant now = std::chrono::steady_clock::now();
    if (!began) began = now;
    if (now - *began >= kTurn) break;
  }
  if (!routes_.empty()) wait_readable();
}

void SharedSocket::deliver(const SharedSockets& sockets, std::span<const char> bytes,
                           const UdpSocket::Received& got) {
  struct Found {
    std::shared_ptr<SharedRoute> route;
    std::vector<std::span<const char>> datagrams;
  };
  std::vector<Found> all;  // In the order in which each came first; mostly it is one.
  while (!bytes.empty()) {
    const auto datagram =
        bytes.first(std::min(std::max<std::size_t>(got.segment, 1), bytes.size()));
    bytes = bytes.subspan(datagram.size());
    SharedRoute* route = sockets.find(datagram);
    // One that has gone over to another socket hears no more of this one, as behind a NAT.
    if (route == nullptr || route->socket_.get() != this) continue;
    auto found = std::find_if(all.begin(), all.end(),
                              [route](const Found& one) { return one.route.get() == route; });
    if (found == all.end()) found = all.insert(all.end(), {route->shared_from_this(), {}});
    found->datagrams.push_back(datagram);
    route->received_ += datagram.size();
    ++route->datagrams_;
  }
  if (all.empty()) return;
  all.front().route->dropped_ += udp_.dropped() - std::exchange(told_dropped_, udp_.dropped());
  const Instant now = std::chrono::steady_clock::now();
  for (const Found& one : all) {
    if (one.route->reader_ == nullptr) continue;
    one.route->batch_ = {one.datagrams, got.ecn, now};
    one.route->reader_->on_route_readable();
    one.route->batch_ = {};
  }
}

void SharedSocket::tell_of_failure() {
  std::vector<std::shared_ptr<SharedRoute>> all;
  for (const auto& [route, waits] : routes_) all.push_back(route->shared_from_this());
  for (const auto& route : all) {
    route->failed_ = true;
    if (route->reader_ != nullptr) route->reader_->on_route_readable();
  }
}

void SharedSocket::on_writable() {
  std::vector<std::shared_ptr<SharedRoute>> all;
  for (auto& [route, waits] : routes_) {
    if (std::exchange(waits, false)) all.push_back(route->shared_from_this());
  }
  for (const auto& route : all) {
    if (route->reader_ != nullptr) route->reader_->on_route_writable();
  }
}

}  // namespace squall::generators
