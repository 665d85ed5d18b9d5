#include "faults/spec/traffic.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include <arpa/inet.h>

namespace squall::faults {
namespace {

using Direction = NetworkFault::Direction;

struct Block {
  int family = 0;
  std::array<unsigned char, 16> address{};
  std::size_t bits = 0;
};

Block read_block(const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string address = text.substr(0, slash);
  Block block;
  block.family = address.find(':') == std::string::npos ? AF_INET : AF_INET6;
  block.bits = block.family == AF_INET ? 32 : 128;
  ::inet_pton(block.family, address.c_str(), block.address.data());
  if (slash != std::string::npos) {
    std::from_chars(text.data() + slash + 1, text.data() + text.size(), block.bits);
  }
  return block;
}

/// Empty lists are open: they go with all.
template <typename T, typename Same>
bool may_agree(const std::vector<T>& one, const std::vector<T>& other, Same same) {
  if (one.empty() || other.empty()) return true;
  return std::any_of(one.begin(), one.end(), [&](const T& a) {
    return std::any_of(other.begin(), other.end(), [&](const T& b) { return same(a, b); });
  });
}

/// Both sides of the packets that a fault meets when they go one way.
struct Sides {
  TrafficFilter to;
  TrafficFilter from;

  std::vector<std::string> transports() const {
    const auto& named = to.transport ? to.transport : from.transport;
    if (named) return {*named};
    if (!to.ports.empty() || !from.ports.empty()) return {"tcp", "udp"};
    return {};
  }
  /// Whether neither side names addresses of other families alone.
  bool is_of(int family) const {
    const auto has = [&](const TrafficFilter& side) {
      return side.cidrs.empty() ||
             std::any_of(side.cidrs.begin(), side.cidrs.end(),
                         [&](const std::string& one) { return read_block(one).family == family; });
    };
    return has(to) && has(from);
  }
};

Sides sides_of(const NetworkFault& fault, bool coming_in) {
  Sides sides{fault.to.value_or(TrafficFilter{}), fault.from.value_or(TrafficFilter{})};
  if (coming_in && fault.direction == Direction::kBoth) std::swap(sides.to, sides.from);
  return sides;
}

bool may_agree(const TrafficFilter& one, const TrafficFilter& other) {
  return may_agree(one.cidrs, other.cidrs, overlap) &&
         may_agree(one.ports, other.ports, std::equal_to<>());
}

bool may_agree(const Sides& one, const Sides& other) {
  const bool share_family = (one.is_of(AF_INET) && other.is_of(AF_INET)) ||
                            (one.is_of(AF_INET6) && other.is_of(AF_INET6));
  return share_family && may_agree(one.transports(), other.transports(), std::equal_to<>()) &&
         may_agree(one.to, other.to) && may_agree(one.from, other.from);
}

bool goes(const NetworkFault& fault, Direction way) {
  return fault.direction == way || fault.direction == Direction::kBoth;
}

/// What of one list goes with some of the other; all of the one that is given where the other is
/// open.
template <typename T, typename Same>
std::vector<T> in_both(const std::vector<T>& one, const std::vector<T>& other, Same same) {
  if (one.empty()) return other;
  if (other.empty()) return one;
  std::vector<T> some;
  std::copy_if(one.begin(), one.end(), std::back_inserter(some), [&](const T& a) {
    return std::any_of(other.begin(), other.end(), [&](const T& b) { return same(a, b); });
  });
  return some;
}

/// "10.0.0.0/8 port 80"; empty where nothing is named.
std::string in_words(const TrafficFilter& side) {
  std::string text;
  for (const std::string& block : side.cidrs) text += (text.empty() ? "" : ", ") + block;
  if (side.ports.empty()) return text;
  text += (text.empty() ? "port" : " port");
  for (const std::uint16_t port : side.ports) {
    text += (port == side.ports.front() ? " " : ", ") + std::to_string(port);
  }
  return text;
}

/// What both sides have in common.
TrafficFilter in_both(const TrafficFilter& one, const TrafficFilter& other) {
  TrafficFilter side;
  // Of two blocks that overlap one is within the other: the smaller is what both have.
  const auto smaller = [](std::vector<std::string> some, const std::vector<std::string>& others) {
    for (std::string& block : some) {
      for (const std::string& two : others) {
        if (overlap(block, two) && read_block(two).bits > read_block(block).bits) block = two;
      }
    }
    return some;
  };
  side.cidrs = smaller(in_both(one.cidrs, other.cidrs, overlap), other.cidrs);
  side.ports = in_both(one.ports, other.ports, std::equal_to<>());
  return side;
}

/// Whether a process could be in both groups, or an instance of both services.
bool may_agree(const TrafficOwner& one, const TrafficOwner& other) {
  const auto is_within = [](std::string_view name, std::string_view whole, char mark) {
    return name.starts_with(whole) && (name.size() == whole.size() || name[whole.size()] == mark);
  };
  const auto share = [&](std::string_view a, std::string_view b, char mark) {
    return is_within(a, b, mark) || is_within(b, a, mark);
  };
  if (one.cgroup && other.cgroup) {
    return share(without_slashes_around(*one.cgroup), without_slashes_around(*other.cgroup), '/');
  }
  if (one.service && other.service) return share(*one.service, *other.service, '.');
  return true;
}

}  // namespace

std::string_view without_slashes_around(std::string_view cgroup) {
  while (cgroup.starts_with('/')) cgroup.remove_prefix(1);
  while (cgroup.ends_with('/')) cgroup.remove_suffix(1);
  return cgroup;
}

bool overlap(const std::string& one, const std::string& other) {
  const Block a = read_block(one);
  const Block b = read_block(other);
  if (a.family != b.family) return false;
  const std::size_t bits = std::min(a.bits, b.bits);
  for (std::size_t bit = 0; bit < bits; ++bit) {
    const auto differ = static_cast<unsigned>(a.address.at(bit / 8) ^ b.address.at(bit / 8));
    if ((differ >> (7 - bit % 8) & 1U) != 0) return false;
  }
  return true;
}

bool is_one_address(const std::string& block) {
  const Block read = read_block(block);
  return read.bits == (read.family == AF_INET ? 32U : 128U);
}

bool may_meet_the_same(const NetworkFault& one, const NetworkFault& other) {
  if (one.of && other.of && !may_agree(*one.of, *other.of)) return false;
  for (const Direction way : {Direction::kOut, Direction::kIn}) {
    if (!goes(one, way) || !goes(other, way)) continue;
    const bool coming_in = way == Direction::kIn;
    if (may_agree(sides_of(one, coming_in), sides_of(other, coming_in))) return true;
  }
  return false;
}

std::string what_both_meet(const NetworkFault& one, const NetworkFault& other) {
  for (const Direction way : {Direction::kOut, Direction::kIn}) {
    if (!goes(one, way) || !goes(other, way)) continue;
    const bool coming_in = way == Direction::kIn;
    const Sides a = sides_of(one, coming_in);
    const Sides b = sides_of(other, coming_in);
    if (!may_agree(a, b)) continue;
    std::string text = coming_in ? "those that come in" : "those that go out";
    const std::string to = in_words(in_both(a.to, b.to));
    const std::string from = in_words(in_both(a.from, b.from));
    if (!to.empty()) text += " to " + to;
    if (!from.empty()) text += " from " + from;
    const auto transports = in_both(a.transports(), b.transports(), std::equal_to<>());
    if (transports.size() == 1) text += ", by " + transports.front();
    for (const NetworkFault* fault : {&one, &other}) {
      if (!fault->of) continue;
      return text + (fault->of->cgroup ? ", of cgroup " + *fault->of->cgroup
                                       : ", of service " + fault->of->service.value_or(""));
    }
    return text;
  }
  return "none";
}

bool needs_netem(const NetworkFault& fault) {
  return fault.delay || fault.jitter || fault.duplicate || fault.corrupt || fault.reorder ||
         fault.gilbert_elliott;
}

bool clash_in_netem(const NetworkFault& one, const NetworkFault& other) {
  const auto has_netem_below_root = [](const NetworkFault& fault) {
    return fault.direction != Direction::kIn && needs_netem(fault);
  };
  return has_netem_below_root(one) && has_netem_below_root(other) &&
         (one.duplicate || other.duplicate);
}

}  // namespace squall::faults
