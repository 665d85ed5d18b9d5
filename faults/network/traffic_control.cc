#include "faults/network/traffic_control.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

#include <linux/gen_stats.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "faults/network/netlink_message.h"

namespace squall::faults {
namespace {

constexpr double kTickNanoseconds = 64;  // PSCHED_TICKS2NS of the kernel's net/pkt_sched.h.
constexpr std::uint32_t kHtbVersion = 3;
constexpr std::uint32_t kDirectQueue = 10'000;
constexpr std::uint32_t kQuantum = 60'000;
constexpr double kShortestBurst = 3'100;  // Two full Ethernet frames, in bytes.
constexpr double kBurstSeconds = 0.001;   // More than the kernel's timers are late.
constexpr std::uint64_t kOrderKeeper = 1ULL
                                       << 40;  // Bytes/s: no packet takes time, all keep order.

/// A share as netem has it: 0 to 2^32 − 1.
std::uint32_t probability(double share) {
  constexpr double kAll = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::lround(std::clamp(share, 0.0, 1.0) * kAll));
}

std::uint32_t ticks_for(double bytes, double bytes_per_second) {
  const double ticks = bytes / bytes_per_second * 1e9 / kTickNanoseconds;
  return static_cast<std::uint32_t>(std::clamp(ticks, 1.0, 4e9));
}

std::uint32_t clamped(double value) {
  return static_cast<std::uint32_t>(std::min(value, 4294967295.0));
}

tcmsg header_for(int interface, std::uint32_t parent, std::uint32_t handle) {
  tcmsg header{};
  header.tcm_family = AF_UNSPEC;
  header.tcm_ifindex = interface;
  header.tcm_parent = parent;
  header.tcm_handle = handle;
  return header;
}

std::string name_in(std::string_view value) {
  return std::string(value.substr(0, value.find('\0')));
}

/// Of the options of htb, one is no option: how many packets were not classified.
void forget_count(std::string& options) {
  const auto attributes = read_attributes(options);
  const auto found = attributes.find(TCA_HTB_INIT);
  if (found == attributes.end() || found->second.size() < sizeof(tc_htb_glob)) return;
  auto whole = read_plain<tc_htb_glob>(found->second);
  whole.direct_pkts = 0;
  std::memcpy(options.data() + (found->second.data() - options.data()), &whole, sizeof whole);
}

ifinfomsg link_header(int index) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = index;
  return header;
}

}  // namespace

std::string handle_text(std::uint32_t handle) {
  if (handle == kRootParent) return "root";
  std::array<char, 16> text{};
  const std::uint32_t minor = handle & 0xffffU;
  if (minor == 0) {
    std::snprintf(text.data(), text.size(), "%x:", handle >> 16U);
  } else {
    std::snprintf(text.data(), text.size(), "%x:%x", handle >> 16U, minor);
  }
  return text.data();
}

std::string htb_options(std::uint32_t default_class) {
  tc_htb_glob options{};
  options.version = kHtbVersion;
  options.rate2quantum = 10;
  options.defcls = default_class;
  return AttributeWriter()
      .attribute(TCA_HTB_INIT, options)
      .attribute(TCA_HTB_DIRECT_QLEN, kDirectQueue)
      .written();
}

std::string htb_class_options(double bytes_per_second) {
  const double burst = std::max(kShortestBurst, bytes_per_second * kBurstSeconds);
  tc_htb_opt options{};
  options.rate.rate = clamped(bytes_per_second);
  options.rate.linklayer = TC_LINKLAYER_ETHERNET;
  options.ceil = options.rate;
  options.buffer = ticks_for(burst, bytes_per_second);
  options.cbuffer = options.buffer;
  options.quantum = kQuantum;
  AttributeWriter writer;
  writer.attribute(TCA_HTB_PARMS, options);
  if (bytes_per_second > 4294967295.0) {
    const auto rate = static_cast<std::uint64_t>(bytes_per_second);
    writer.attribute(TCA_HTB_RATE64, rate).attribute(TCA_HTB_CEIL64, rate);
  }
  return writer.written();
}

std::string netem_options(const Netem& netem) {
  tc_netem_qopt options{};
  options.limit = netem.limit;
  options.duplicate = probability(netem.duplicate);
  options.gap = netem.reorder > 0 ? 1 : 0;
  AttributeWriter writer;
  writer.put(options);
  if (!netem.distribution.empty() && netem.jitter > Duration::zero()) {
    writer.bytes(TCA_NETEM_DELAY_DIST, netem.distribution);
  }
  if (netem.reorder > 0) {
    writer.attribute(TCA_NETEM_REORDER, tc_netem_reorder{probability(netem.reorder), 0});
  }
  if (netem.corrupt > 0) {
    writer.attribute(TCA_NETEM_CORRUPT, tc_netem_corrupt{probability(netem.corrupt), 0});
  }
  if (netem.chain) {
    const tc_netem_gemodel model{
        probability(netem.chain->to_bad), probability(netem.chain->to_good),
        // The kernel's h is the share that passes while bad, k1 the one lost while good.
        probability(1 - netem.chain->loss_bad), probability(netem.chain->loss_good)};
    const std::string nested = AttributeWriter().attribute(NETEM_LOSS_GE, model).written();
    writer.bytes(TCA_NETEM_LOSS | NLA_F_NESTED, nested);
  }
  if (netem.in_order && netem.jitter > Duration::zero()) {
    tc_netem_rate rate{};
    rate.rate = std::numeric_limits<std::uint32_t>::max();
    writer.attribute(TCA_NETEM_RATE, rate).attribute(TCA_NETEM_RATE64, kOrderKeeper);
  }
  writer.attribute(TCA_NETEM_LATENCY64, std::int64_t{netem.delay.count()});
  writer.attribute(TCA_NETEM_JITTER64, std::int64_t{netem.jitter.count()});
  return writer.written();
}

std::string fifo_options(std::uint32_t packets) {
  return AttributeWriter().put(tc_fifo_qopt{packets}).written();
}

std::string options_to_put_back(const std::string& kind, std::string options) {
  if (kind == "htb") {
    const auto attributes = read_attributes(options);
    const auto found = attributes.find(TCA_HTB_INIT);
    if (found == attributes.end() || found->second.size() < sizeof(tc_htb_glob)) return options;
    auto whole = read_plain<tc_htb_glob>(found->second);
    // The kernel tells 3.17 (in two halves), and takes 3.
    if (whole.version >> 16U != 0) whole.version >>= 16U;
    std::memcpy(options.data() + (found->second.data() - options.data()), &whole, sizeof whole);
    return options;
  }
  if (kind != "fq_codel") return options;
  for (const auto& [type, value] : read_attributes(options)) {
    const bool is_time = type == TCA_FQ_CODEL_TARGET || type == TCA_FQ_CODEL_INTERVAL ||
                         type == TCA_FQ_CODEL_CE_THRESHOLD;
    if (!is_time || value.size() != sizeof(std::uint32_t)) continue;
    const std::uint32_t microseconds = read_plain<std::uint32_t>(value) + 1;
    std::memcpy(options.data() + (value.data() - options.data()), &microseconds,
                sizeof microseconds);
  }
  return options;
}

std::string message_to_put(const Qdisc& qdisc) {
  NetlinkWriter writer(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE);
  writer.put(header_for(qdisc.interface, qdisc.parent, qdisc.handle)).text(TCA_KIND, qdisc.kind);
  if (!qdisc.options.empty()) writer.bytes(TCA_OPTIONS, qdisc.options);
  return writer.take();
}

std::string message_to_delete(const Qdisc& qdisc) {
  return NetlinkWriter(RTM_DELQDISC, 0)
      .put(header_for(qdisc.interface, qdisc.parent, qdisc.handle))
      .take();
}

std::string message_for_class(int interface, std::uint32_t parent, std::uint32_t handle,
                              const std::string& options) {
  return NetlinkWriter(RTM_NEWTCLASS, NLM_F_CREATE | NLM_F_EXCL)
      .put(header_for(interface, parent, handle))
      .text(TCA_KIND, "htb")
      .bytes(TCA_OPTIONS, options)
      .take();
}

std::string message_to_delete_class(int interface, std::uint32_t handle) {
  return NetlinkWriter(RTM_DELTCLASS, 0).put(header_for(interface, 0, handle)).take();
}

std::string message_to_add_ifb(const std::string& name, int index) {
  NetlinkWriter writer(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  writer.put(link_header(index)).text(IFLA_IFNAME, name);
  const std::size_t info = writer.begin(IFLA_LINKINFO);
  writer.text(IFLA_INFO_KIND, "ifb").end(info);
  return writer.take();
}

std::string message_to_set_up(int index) {
  ifinfomsg header = link_header(index);
  header.ifi_flags = IFF_UP;
  header.ifi_change = IFF_UP;
  return NetlinkWriter(RTM_NEWLINK, 0).put(header).take();
}

std::string message_to_delete_link(int index) {
  return NetlinkWriter(RTM_DELLINK, 0).put(link_header(index)).take();
}

std::string message_to_list_qdiscs() {
  return NetlinkWriter(RTM_GETQDISC, NLM_F_DUMP).put(header_for(0, 0, 0)).take();
}

std::string message_to_list_classes(int interface) {
  return NetlinkWriter(RTM_GETTCLASS, NLM_F_DUMP).put(header_for(interface, 0, 0)).take();
}

std::string message_to_list_links() {
  return NetlinkWriter(RTM_GETLINK, NLM_F_DUMP).put(link_header(0)).take();
}

std::optional<Qdisc> read_qdisc(std::string_view message) {
  const std::string_view body = message_body(message);
  if (message_type(message) != RTM_NEWQDISC || body.size() < sizeof(tcmsg)) return {};
  const auto header = read_plain<tcmsg>(body);
  const auto attributes = read_attributes(body.substr(sizeof(tcmsg)));
  const auto find = [&](std::uint16_t type) {
    const auto found = attributes.find(type);
    return found == attributes.end() ? std::string_view() : found->second;
  };
  Qdisc qdisc;
  qdisc.interface = header.tcm_ifindex;
  qdisc.parent = header.tcm_parent;
  qdisc.handle = header.tcm_handle;
  qdisc.kind = name_in(find(TCA_KIND));
  qdisc.options = find(TCA_OPTIONS);
  if (qdisc.kind == "htb") forget_count(qdisc.options);
  const auto counters = read_attributes(find(TCA_STATS2));
  if (const auto basic = counters.find(TCA_STATS_BASIC); basic != counters.end()) {
    // bytes (64 bits), then packets (32 bits): gnet_stats_basic without its padding.
    if (basic->second.size() >= 12) {
      qdisc.packets = read_plain<std::uint32_t>(basic->second.substr(8));
    }
  }
  if (const auto queue = counters.find(TCA_STATS_QUEUE); queue != counters.end()) {
    const auto seen = read_plain<gnet_stats_queue>(queue->second);
    qdisc.drops = seen.drops;
    qdisc.waiting = seen.qlen;
  }
  return qdisc;
}

std::optional<TrafficClass> read_class(std::string_view message) {
  const std::string_view body = message_body(message);
  if (message_type(message) != RTM_NEWTCLASS || body.size() < sizeof(tcmsg)) return {};
  const auto header = read_plain<tcmsg>(body);
  const auto attributes = read_attributes(body.substr(sizeof(tcmsg)));
  TrafficClass one{
      .interface = header.tcm_ifindex, .parent = header.tcm_parent, .handle = header.tcm_handle};
  if (const auto kind = attributes.find(TCA_KIND); kind != attributes.end()) {
    one.kind = name_in(kind->second);
  }
  if (const auto options = attributes.find(TCA_OPTIONS); options != attributes.end()) {
    one.options = options->second;
  }
  return one;
}

std::optional<Link> read_link(std::string_view message) {
  const std::string_view body = message_body(message);
  if (message_type(message) != RTM_NEWLINK || body.size() < sizeof(ifinfomsg)) return {};
  const auto header = read_plain<ifinfomsg>(body);
  const auto attributes = read_attributes(body.substr(sizeof(ifinfomsg)));
  Link link;
  link.index = header.ifi_index;
  link.is_up = (header.ifi_flags & IFF_UP) != 0;
  if (const auto name = attributes.find(IFLA_IFNAME); name != attributes.end()) {
    link.name = name_in(name->second);
  }
  if (const auto mtu = attributes.find(IFLA_MTU); mtu != attributes.end()) {
    link.mtu = read_plain<std::uint32_t>(mtu->second);
  }
  if (const auto most = attributes.find(IFLA_GSO_MAX_SIZE); most != attributes.end()) {
    link.segments_late = read_plain<std::uint32_t>(most->second) > link.mtu;
  }
  if (const auto info = attributes.find(IFLA_LINKINFO); info != attributes.end()) {
    const auto nested = read_attributes(info->second);
    if (const auto kind = nested.find(IFLA_INFO_KIND); kind != nested.end()) {
      link.kind = name_in(kind->second);
    }
  }
  return link;
}

}  // namespace squall::faults
