#include "generators/transport/datagram_trouble.h"

#include <algorithm>
#include <utility>

namespace squall::generators {
namespace {

bool is_later(const HeldDatagram& a, const HeldDatagram& b) {
  return a.at != b.at ? a.at > b.at : a.number > b.number;
}

}  // namespace

DatagramTrouble::Fate DatagramTrouble::meet(std::size_t size) {
  const auto happens = [this](Share share) {
    return share.value > 0 && random.unit() < share.value;
  };
  ++tally.datagrams;
  if (what.mtu && size > what.mtu->count) {
    ++tally.too_large;
    return {0, {}};
  }
  if (happens(what.loss)) {
    ++tally.dropped;
    return {0, {}};
  }
  Fate fate{1, what.delay};
  if (happens(what.duplicate)) {
    ++tally.duplicated;
    fate.copies = 2;
  }
  if (happens(what.reorder)) {
    ++tally.held_back;
    fate.held += kHeldBack;
  }
  return fate;
}

void HeldDatagrams::hold(Instant until, bool is_outgoing, std::span<const char> bytes, Ecn ecn) {
  heap_.push_back({until, ++count_, is_outgoing, ecn, {bytes.begin(), bytes.end()}});
  std::push_heap(heap_.begin(), heap_.end(), is_later);
}

std::optional<Instant> HeldDatagrams::next() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().at;
}

std::optional<HeldDatagram> HeldDatagrams::take(Instant now) {
  if (heap_.empty() || heap_.front().at > now) return std::nullopt;
  std::pop_heap(heap_.begin(), heap_.end(), is_later);
  HeldDatagram first = std::move(heap_.back());
  heap_.pop_back();
  return first;
}

}  // namespace squall::generators
