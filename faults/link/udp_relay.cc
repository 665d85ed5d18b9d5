#include "faults/link/udp_relay.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <tuple>
#include <utility>

#include <linux/sock_diag.h>
#include <sys/socket.h>

namespace squall::faults {
namespace {

using Clock = std::chrono::steady_clock;
using boost::system::error_code;

constexpr int kSocketBuffer = 4 * 1024 * 1024;
constexpr int kBatchesAtOnce = 8;  // Then others on the loop have their turn.
constexpr std::size_t kManyFlows = 1024;
constexpr Duration kIdle = std::chrono::seconds(60);

void make_room(int descriptor) {  // As much of it as the system grants.
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &kSocketBuffer, sizeof(kSocketBuffer));
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &kSocketBuffer, sizeof(kSocketBuffer));
}

}  // namespace

UdpRelay::UdpRelay(LinkState& link, SocketAddress upstream)
    : link_(link), upstream_(upstream), socket_(link.loop) {}

UdpRelay::~UdpRelay() = default;

Result<std::unique_ptr<UdpRelay>> UdpRelay::make(LinkState& link, const SocketAddress& listen,
                                                 SocketAddress upstream) {
  std::unique_ptr<UdpRelay> relay(new UdpRelay(link, upstream));
  SQUALL_TRY(auto socket, open_socket(listen, SOCK_DGRAM));
  make_room(socket.get());
  if (::bind(socket.get(), listen.data(), listen.length) != 0) {
    return system_error("bind to " + listen.text());
  }
  SQUALL_TRY(relay->address_, local_address(socket.get()));
  relay->socket_.assign(socket.release());
  return relay;
}

void UdpRelay::start() { wait_for_load(); }

void UdpRelay::wait_for_load() {
  socket_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& no) {
    if (!no) receive_from_load();
  });
}

void UdpRelay::wait_for_target(const std::shared_ptr<UdpFlow>& flow) {
  flow->socket.async_wait(asio::posix::stream_descriptor::wait_read,
                          [this, flow, socket = flow->number](const error_code& no) {
                            if (!no && flow->number == socket) receive_from_target(flow);
                          });
}

void UdpRelay::receive_from_load() {
  for (int round = 0; round < kBatchesAtOnce; ++round) {
    const std::size_t count = batch_.receive(socket_.native_handle());
    const Instant now = Clock::now();
    UdpFlow* last = nullptr;
    std::shared_ptr<UdpFlow> flow;
    for (std::size_t i = 0; i < count; ++i) {
      const SocketAddress& sender = batch_.sender(i);
      if (last == nullptr || !(last->client == sender)) flow = flow_of(sender, now);
      last = flow.get();
      if (flow) relay(flow, link_.up, i, now);
    }
    send(now);
    if (count < DatagramBatch::kMost) return wait_for_load();
  }
  asio::post(link_.loop, [this] {
    if (socket_.is_open()) receive_from_load();
  });
}

void UdpRelay::receive_from_target(const std::shared_ptr<UdpFlow>& flow) {
  for (int round = 0; round < kBatchesAtOnce; ++round) {
    const std::size_t count = batch_.receive(flow->socket.native_handle());
    const Instant now = Clock::now();
    flow->last_used = now;
    for (std::size_t i = 0; i < count; ++i) relay(flow, link_.down, i, now);
    send(now);
    if (count < DatagramBatch::kMost) return wait_for_target(flow);
  }
  asio::post(link_.loop, [this, flow, socket = flow->number] {
    if (flow->socket.is_open() && flow->number == socket) receive_from_target(flow);
  });
}

void UdpRelay::relay(const std::shared_ptr<UdpFlow>& flow, Direction& way, std::size_t index,
                     Instant now) {
  const std::string_view data = batch_.at(index);
  if (link_.swallows_datagrams()) {
    ++way.tally.datagrams;
    ++way.tally.swallowed;
    return;
  }
  Flow& order = &way == &link_.up ? flow->up : flow->down;
  const Fate fate = link_.datagram(way, now, data.size(), order);
  if (fate.kind != Fate::Kind::kPass) return;
  if (fate.is_corrupted) {
    char& byte = batch_.bytes(index)[fate.corrupted_bit / 8];
    byte = static_cast<char>(byte ^ (1 << (fate.corrupted_bit % 8)));
  }
  for (int copy = 0; copy < (fate.is_twice ? 2 : 1); ++copy) {
    if (fate.at <= now) {
      put(*flow, way, data);
      if (!fate.has_overtaken) at_once_.push_back({&way, data.size()});
      continue;
    }
    parcels_.push_back({.at = fate.at,
                        .number = ++parcel_count_,
                        .came = now,
                        .flow = flow,
                        .way = &way,
                        .is_counted = !fate.has_overtaken,
                        .data = std::string(data)});
    std::push_heap(parcels_.begin(), parcels_.end());
  }
}

void UdpRelay::put(UdpFlow& flow, const Direction& way, std::string_view data) {
  if (&way == &link_.down) {
    outbox_.put(socket_.native_handle(), &flow.client, data);
  } else if (flow.socket.is_open()) {
    outbox_.put(flow.socket.native_handle(), nullptr, data);
  }
}

/// Sends what has been put into the outbox, which came in at `came`, and plans what is to come.
void UdpRelay::send(Instant came) {
  outbox_.flush();
  link_.tally.overruns += link_.fault ? outbox_.take_failed() : 0;
  if (!at_once_.empty()) {
    const Instant now = Clock::now();
    for (const auto& [way, size] : at_once_) link_.count_delivery(*way, came, now, size);
    at_once_.clear();
  }
  plan_delivery();
}

void UdpRelay::plan_delivery() {
  if (parcels_.empty()) return;
  const Instant next = parcels_.front().at;
  if (planned_ != Instant{} && planned_ <= next) return;
  planned_ = next;
  link_.agenda.at(next, [this, next] {
    if (planned_ != next) return;  // Another one was planned before it.
    planned_ = {};
    deliver_due();
  });
}

void UdpRelay::deliver_due() {
  const Instant now = Clock::now();
  while (!parcels_.empty() && parcels_.front().at <= now) {
    std::pop_heap(parcels_.begin(), parcels_.end());
    due_.push_back(std::move(parcels_.back()));
    parcels_.pop_back();
  }
  for (const Parcel& parcel : due_) {
    if (link_.swallows_datagrams()) {
      ++parcel.way->tally.swallowed;
    } else {
      put(*parcel.flow, *parcel.way, parcel.data);
    }
  }
  outbox_.flush();
  link_.tally.overruns += link_.fault ? outbox_.take_failed() : 0;
  const Instant sent = Clock::now();
  for (const Parcel& parcel : due_) {
    if (parcel.is_counted && !link_.swallows_datagrams()) {
      link_.count_delivery(*parcel.way, parcel.came, sent, parcel.data.size());
    }
  }
  due_.clear();
  plan_delivery();
}

std::shared_ptr<UdpFlow> UdpRelay::flow_of(const SocketAddress& client, Instant now) {
  auto& flow = flows_[client.key()];
  if (!flow) {
    flow = std::make_shared<UdpFlow>(link_.loop);
    flow->client = client;
    if (!open_upstream(flow)) {
      ++link_.tally.overruns;
      flows_.erase(client.key());
      return nullptr;
    }
    if (flows_.size() > kManyFlows) forget_idle(now);
    const auto found = flows_.find(client.key());
    found->second->last_used = now;
    return found->second;
  }
  flow->last_used = now;
  return flow;
}

bool UdpRelay::open_upstream(const std::shared_ptr<UdpFlow>& flow) {
  auto socket = open_socket(upstream_, SOCK_DGRAM);
  if (!socket) return false;
  make_room(socket->get());
  if (::connect(socket->get(), upstream_.data(), upstream_.length) != 0) return false;
  flow->socket.assign(socket->release());
  ++flow->number;
  wait_for_target(flow);
  return true;
}

void UdpRelay::forget_idle(Instant now) {
  for (auto one = flows_.begin(); one != flows_.end();) {
    UdpFlow& flow = *one->second;
    // Its own time is still zero for the one that is just being made.
    if (flow.last_used == Instant{} || now - flow.last_used < kIdle) {
      ++one;
      continue;
    }
    close(flow);
    one = flows_.erase(one);
  }
}

void UdpRelay::heed_change() {
  if (link_.fault && link_.fault->rebind_every) rebind();
}

void UdpRelay::rebind() {
  for (const auto& [key, flow] : flows_) {
    // As a NAT would: what comes for the old port is swallowed, not refused. So it stays open.
    flow->old_socket.reset(flow->socket.release());
    if (!open_upstream(flow)) continue;
    ++link_.tally.rebinds;
  }
  const Instant next = Clock::now() + *link_.fault->rebind_every;
  link_.agenda.at(next, [this, epoch = link_.epoch] {
    if (link_.epoch == epoch) rebind();
  });
}

void UdpRelay::close(UdpFlow& flow) {
  if (!flow.socket.is_open()) return;
  closed_drops_ += drops_of(flow.socket.native_handle());
  error_code ignored;
  flow.socket.close(ignored);
}

std::uint64_t UdpRelay::drops_of(int descriptor) {
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof(memory);
  const int failed = ::getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, memory.data(), &size);
  return failed == 0 ? memory[SK_MEMINFO_DROPS] : 0;
}

std::uint64_t UdpRelay::drops() {
  std::uint64_t all = closed_drops_;
  if (socket_.is_open()) all += drops_of(socket_.native_handle());
  for (const auto& [key, flow] : flows_) {
    if (flow->socket.is_open()) all += drops_of(flow->socket.native_handle());
  }
  return all;
}

void UdpRelay::close() {
  closed_drops_ = drops();
  error_code ignored;
  socket_.close(ignored);
  for (const auto& [key, flow] : flows_) flow->socket.close(ignored);
  flows_.clear();
  parcels_.clear();
}

}  // namespace squall::faults
