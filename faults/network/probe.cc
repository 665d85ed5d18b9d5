#include "faults/network/probe.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "faults/network/network_plan.h"
#include "faults/network/nft_rules.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kMagic = "squall probe";
// Bytes of a probe: all headers, the magic, its number and its series, three times each.
constexpr std::size_t kSmall = 128;
constexpr std::size_t kLarge = 1000;
constexpr std::size_t kMost = 200;
constexpr Duration kGap = 2ms;
constexpr Duration kLongest = 1s;  // Of sending.
constexpr double kShareOfRate = 0.25;
constexpr Duration kSlack = 200ms;  // For what is late on a busy machine: else it counts as lost.
constexpr std::size_t kCopies = 3;  // Of its number: two are the same whichever bit is changed.
constexpr double kBurstSeconds = 0.1;
constexpr double kNoBurst = 4'000;  // Bytes that a class of ours lets pass at once at least.

void put16(std::string& to, std::size_t value) {
  to += static_cast<char>(value >> 8U & 0xffU);
  to += static_cast<char>(value & 0xffU);
}

void set16(std::string& in, std::size_t at, std::size_t value) {
  in[at] = static_cast<char>(value >> 8U & 0xffU);
  in[at + 1] = static_cast<char>(value & 0xffU);
}

std::uint16_t internet_checksum(const std::string& bytes, std::size_t at, std::size_t length) {
  std::uint32_t sum = 0;
  for (std::size_t i = at; i + 1 < at + length; i += 2) {
    sum += static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << 8U |
           static_cast<unsigned char>(bytes[i + 1]);
  }
  while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

/// The first address of a list, as bytes; when it is empty one that no peer has, so that no rule
/// which spares peers lets it pass: reserved (RFC 1112 §4), or to be discarded (RFC 6666).
std::string address_in(const std::vector<std::string>& list, bool v6, char last) {
  std::string bytes(v6 ? 16 : 4, '\0');
  std::string text = v6 ? "100::" : "240.0.0.0";
  if (!list.empty()) text = list.front().substr(0, list.front().find('/'));
  ::inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), bytes.data());
  if (list.empty()) bytes.back() = last;
  return bytes;
}

/// The rate at which a burst left, past what leaves at once.
std::optional<double> rate_of(const std::vector<std::pair<std::int64_t, std::size_t>>& left,
                              double rate) {
  const double at_once = std::max(kNoBurst, rate / 8 * 0.002);
  double bytes = 0;
  std::size_t first = 0;
  while (first < left.size() && bytes < at_once) bytes += static_cast<double>(left[first++].second);
  if (first + 2 > left.size()) return {};
  double rest = 0;
  for (std::size_t i = first; i < left.size(); ++i) rest += static_cast<double>(left[i].second);
  const std::int64_t from = left[first - 1].first;
  const double seconds = static_cast<double>(left.back().first - from) / 1e9;
  if (seconds <= 0) return {};
  return rest * 8 / seconds;
}

}  // namespace

ProbeFrame::ProbeFrame(const NetworkFault& fault, const HardwareAddress& own, std::uint64_t series)
    : series_(reinterpret_cast<const char*>(&series), sizeof series) {
  // As the rules of what goes out have it: the first of them.
  const auto rules = rules_for(fault, false);
  const NftRule rule = rules.empty() ? NftRule{} : rules.front();
  is_v6_ = rule.family == NftRule::Family::kV6;
  const std::string transport = rule.transports.empty() ? "udp" : rule.transports.front();
  const bool is_tcp = transport == "tcp";
  const bool is_icmp = transport == "icmp";
  headers_.assign(kProbeDestination.begin(), kProbeDestination.end());
  headers_.append(own.begin(), own.end());
  put16(headers_, is_v6_ ? 0x86dd : 0x0800);
  ip_at_ = headers_.size();
  const std::string from = address_in(rule.from, is_v6_, 1);
  const std::string to = address_in(rule.to, is_v6_, 2);
  const int of_icmp = is_v6_ ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP};
  const int of_datagrams = is_icmp ? of_icmp : int{IPPROTO_UDP};
  const auto protocol = static_cast<char>(is_tcp ? int{IPPROTO_TCP} : of_datagrams);
  if (is_v6_) {
    headers_ += std::string("\x60\0\0\0\0\0", 6) + protocol + '\1' + from + to;
  } else {
    headers_ +=
        std::string("\x45\0\0\0\0\0\0\0\1", 9) + protocol + std::string(2, '\0') + from + to;
  }
  const std::size_t transport_at = headers_.size();
  put16(headers_, is_icmp ? 0 : (rule.from_ports.empty() ? 9 : rule.from_ports.front()));
  put16(headers_, is_icmp ? 0 : (rule.to_ports.empty() ? 9 : rule.to_ports.front()));
  // The checksums are left at zero or wrong: nobody is to take it for more than a probe.
  if (is_tcp) {
    headers_ += std::string(8, '\0') + std::string("\x50\0\0\0\0\0\0\0", 8);
  } else {
    headers_ += std::string(4, '\0');
  }
  transport_header_ = headers_.size() - transport_at;
}

std::string ProbeFrame::make(std::uint32_t number, std::size_t size) {
  std::string frame = headers_ + std::string(kMagic);
  for (std::size_t copy = 0; copy < kCopies; ++copy) {
    frame.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  for (std::size_t at = 0; frame.size() < size; ++at) frame += series_[at % series_.size()];
  const std::size_t length = frame.size() - ip_at_;
  if (is_v6_) {
    set16(frame, ip_at_ + 4, length - sizeof(in6_addr) * 2 - 8);
  } else {
    set16(frame, ip_at_ + 2, length);
    set16(frame, ip_at_ + 10, internet_checksum(frame, ip_at_, 20));
  }
  // UDP's length; elsewhere a field that says nothing here.
  if (transport_header_ == 8) {
    set16(frame, headers_.size() - 4, frame.size() - (headers_.size() - transport_header_));
  }
  return frame;
}

std::optional<std::uint32_t> ProbeFrame::read(const std::string& frame) const {
  const std::size_t at = headers_.size() + kMagic.size();
  if (frame.size() < at + sizeof(std::uint32_t)) return {};
  std::uint32_t number = 0;
  std::memcpy(&number, &frame[at], sizeof number);
  ProbeFrame same = *this;
  if (same.make(number, frame.size()) != frame) return {};
  return number;
}

std::optional<std::uint32_t> ProbeFrame::read_altered(const std::string& frame) const {
  // What changes a bit, or a few, leaves one of its series whole, and two of its numbers.
  const std::size_t numbers = headers_.size() + kMagic.size();
  const std::size_t first = numbers + kCopies * sizeof(std::uint32_t);
  bool is_ours = false;
  for (std::size_t at = first; at + series_.size() <= frame.size(); at += series_.size()) {
    is_ours = is_ours || frame.compare(at, series_.size(), series_) == 0;
  }
  if (!is_ours) return {};
  std::array<std::uint32_t, kCopies> copies{};
  std::memcpy(copies.data(), &frame[numbers], sizeof copies);
  return copies[0] == copies[1] ? copies[0] : copies[2];
}

ProbeOrder probe_order(const NetworkFault& fault) {
  ProbeOrder order{.count = kMost, .gap = kGap};
  order.patience =
      fault.delay.value_or(Duration{}) + 4 * fault.jitter.value_or(Duration{}) + kSlack;
  if (const auto rate = fault.rate_bits_per_second) {
    const double seconds = kSmall * 8 / (*rate * kShareOfRate);
    order.gap = std::clamp(from_seconds(seconds), kGap, kLongest / 4);
    order.bits_per_second = rate;
    order.patience += 500ms;
  }
  order.count = std::min<std::size_t>(kMost, static_cast<std::size_t>(kLongest / order.gap));
  return order;
}

Result<ProbeFinding> probe(ProbePath& path, ProbeFrame& frame, const ProbeOrder& order,
                           const std::atomic<bool>& stop) {
  std::vector<std::int64_t> sent;
  std::map<std::uint32_t, std::size_t> left;  // By number, how often whole.
  std::set<std::uint32_t> altered;            // Small ones that left, but not whole.
  std::vector<std::pair<std::int64_t, std::size_t>> burst;
  ProbeFinding finding;
  std::uint32_t highest = 0;
  const std::size_t small = order.count;
  const auto take = [&](Duration patience) {
    for (const SeenFrame& seen : path.take(patience)) {
      const auto probe = frame.read(seen.bytes);
      if (const auto spoilt = probe ? std::nullopt : frame.read_altered(seen.bytes)) {
        if (*spoilt >= small) continue;
        ++finding.altered;
        altered.insert(*spoilt);
      }
      if (!probe || *probe >= sent.size()) continue;  // Of another fault, or from before.
      if (*probe >= small) burst.emplace_back(seen.at_ns, seen.bytes.size());
      if (++left[*probe] > 1) {
        if (*probe < small) ++finding.twice;
        continue;
      }
      if (*probe < highest && *probe < small) ++finding.overtaken;
      highest = std::max(highest, *probe);
      if (*probe < small) finding.took.emplace_back(seen.at_ns - sent[*probe]);
    }
  };
  const auto send = [&](std::size_t size) -> Result<void> {
    const std::string bytes = frame.make(static_cast<std::uint32_t>(sent.size()), size);
    sent.push_back(path.now_ns());
    auto done = path.send(bytes);
    // A queue that is full has dropped it, as it drops others.
    if (done || done.error().code == std::errc::no_buffer_space) return {};
    sent.pop_back();
    return done;
  };
  const auto begun = std::chrono::steady_clock::now();
  const auto is_over = [&] {
    return stop || (order.longest > Duration::zero() &&
                    std::chrono::steady_clock::now() - begun > order.longest);
  };
  for (std::size_t i = 0; i < small && !is_over(); ++i) {
    if (auto done = send(kSmall); !done) return std::move(done).error();
    for (Duration waited{}; waited < order.gap && !stop; waited += kGap) {
      take(std::min(kGap, order.gap - waited));
    }
  }
  if (order.bits_per_second && !is_over()) {
    const double bytes = std::clamp(*order.bits_per_second / 8 * kBurstSeconds, 2 * kNoBurst, 4e5);
    for (double done = 0; done < bytes && !is_over(); done += kLarge) {
      if (!send(kLarge)) break;  // Its queue is full: what is in it tells enough.
    }
  }
  if (order.on_sent) order.on_sent();
  for (Duration waited{}; waited < order.patience && left.size() < sent.size(); waited += kGap) {
    take(kGap);
  }
  const std::size_t came = finding.took.size();
  std::erase_if(altered, [&](std::uint32_t probe) { return left.contains(probe); });
  finding.sent = std::min(sent.size(), small);
  finding.lost = finding.sent - came - altered.size();
  if (order.bits_per_second) finding.bits_per_second = rate_of(burst, *order.bits_per_second);
  finding.burst = sent.size() - finding.sent;
  finding.burst_lost = finding.burst - (left.size() - came);
  std::sort(finding.took.begin(), finding.took.end());
  return finding;
}

}  // namespace squall::faults
