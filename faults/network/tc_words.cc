#include "faults/network/tc_words.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>

#include "faults/network/netlink_message.h"
#include "faults/network/traffic_control.h"

namespace squall::faults {
namespace {

using Attributes = std::map<std::uint16_t, std::string_view>;
using What = TreePart::What;

// Newer than the kernel headers of Debian 12.
constexpr std::uint16_t kFqPriorities = 16;      // TCA_FQ_PRIOMAP
constexpr std::uint16_t kFqWeights = 17;         // TCA_FQ_WEIGHTS
constexpr std::uint16_t kFqOffloadHorizon = 18;  // TCA_FQ_OFFLOAD_HORIZON
constexpr std::uint16_t kCodelSelector = 10;     // TCA_FQ_CODEL_CE_THRESHOLD_SELECTOR
constexpr std::uint16_t kCodelMask = 11;         // TCA_FQ_CODEL_CE_THRESHOLD_MASK
constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
constexpr double kTicksOfMicrosecond = 15.625;  // Of 64 ns: PSCHED_TICKS2NS of net/pkt_sched.h.

/// Puts words together, until something has none.
class Words {
 public:
  void add(const std::string& word) { text_ += (text_.empty() ? "" : " ") + word; }
  void add(const std::string& name, const std::string& value) { add(name + " " + value); }
  void give_up() { is_whole_ = false; }
  std::optional<std::string> take() const {
    return is_whole_ ? std::optional(text_) : std::nullopt;
  }

 private:
  std::string text_;
  bool is_whole_ = true;
};

std::uint32_t number_in(std::string_view value) { return read_plain<std::uint32_t>(value); }
std::string number(std::string_view value) { return std::to_string(number_in(value)); }
std::string bits(std::uint64_t bytes_per_second) {
  return std::to_string(bytes_per_second * 8) + "bit";
}

bool are_fq_defaults(std::uint16_t type, std::string_view value) {
  if (type == kFqOffloadHorizon) return number_in(value) == 0;
  if (type == kFqPriorities) {
    tc_prio_qopt usual{.bands = 3, .priomap = {1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}};
    return value.size() >= sizeof usual && std::memcmp(value.data(), &usual, sizeof usual) == 0;
  }
  constexpr std::array<std::int32_t, 3> kUsual{589'824, 196'608, 65'536};
  return type == kFqWeights && value.size() == sizeof kUsual &&
         std::memcmp(value.data(), kUsual.data(), sizeof kUsual) == 0;
}

void add_fq(std::uint16_t type, std::string_view value, Words& words) {
  const std::string plain = number(value);
  switch (type) {
    case TCA_FQ_PLIMIT:
      return words.add("limit", plain);
    case TCA_FQ_FLOW_PLIMIT:
      return words.add("flow_limit", plain);
    case TCA_FQ_QUANTUM:
      return words.add("quantum", plain);
    case TCA_FQ_INITIAL_QUANTUM:
      return words.add("initial_quantum", plain);
    case TCA_FQ_RATE_ENABLE:
      return words.add(number_in(value) == 0 ? "nopacing" : "pacing");
    case TCA_FQ_FLOW_MAX_RATE:
      if (number_in(value) != kNone) words.add("maxrate", bits(number_in(value)));
      return;
    case TCA_FQ_BUCKETS_LOG:
      return words.add("buckets", std::to_string(std::uint64_t{1} << (number_in(value) & 31U)));
    case TCA_FQ_FLOW_REFILL_DELAY:
      return words.add("refill_delay", plain + "us");
    case TCA_FQ_ORPHAN_MASK:
      return words.add("orphan_mask", plain);
    case TCA_FQ_LOW_RATE_THRESHOLD:
      return words.add("low_rate_threshold", bits(number_in(value)));
    case TCA_FQ_CE_THRESHOLD:
      if (number_in(value) != kNone) words.add("ce_threshold", plain + "us");
      return;
    case TCA_FQ_TIMER_SLACK:
      return words.add("timer_slack", plain + "ns");
    case TCA_FQ_HORIZON:
      return words.add("horizon", plain + "us");
    case TCA_FQ_HORIZON_DROP:
      return words.add(read_plain<std::uint8_t>(value) == 0 ? "horizon_cap" : "horizon_drop");
    default:
      if (!are_fq_defaults(type, value)) words.give_up();
  }
}

void add_fq_codel(std::uint16_t type, std::string_view value, Words& words) {
  const std::string plain = number(value);
  switch (type) {
    case TCA_FQ_CODEL_LIMIT:
      return words.add("limit", plain);
    case TCA_FQ_CODEL_FLOWS:
      return words.add("flows", plain);
    case TCA_FQ_CODEL_QUANTUM:
      return words.add("quantum", plain);
    case TCA_FQ_CODEL_TARGET:
      return words.add("target", plain + "us");
    case TCA_FQ_CODEL_INTERVAL:
      return words.add("interval", plain + "us");
    case TCA_FQ_CODEL_CE_THRESHOLD:
      return words.add("ce_threshold", plain + "us");
    case TCA_FQ_CODEL_ECN:
      return words.add(number_in(value) == 0 ? "noecn" : "ecn");
    case TCA_FQ_CODEL_DROP_BATCH_SIZE:
      return words.add("drop_batch", plain);
    case TCA_FQ_CODEL_MEMORY_LIMIT:
      return words.add("memory_limit", plain);
    case kCodelSelector:  // For whose packets the threshold is: 0, for all.
    case kCodelMask:
      if (read_plain<std::uint8_t>(value) != 0) words.give_up();
      return;
    default:
      words.give_up();
  }
}

void add_htb(std::uint16_t type, std::string_view value, Words& words) {
  if (type == TCA_HTB_INIT) {
    const auto whole = read_plain<tc_htb_glob>(value);
    words.add("default", fmt::format("0x{:x}", whole.defcls));
    words.add("r2q", std::to_string(whole.rate2quantum));
    if (whole.debug != 0) words.give_up();
  } else if (type == TCA_HTB_DIRECT_QLEN) {
    words.add("direct_qlen", number(value));
  } else if (type == TCA_HTB_OFFLOAD) {
    words.add("offload");
  } else {
    words.give_up();
  }
}

/// The bytes of which `tc` makes so many ticks: it goes by whole microseconds.
std::string burst(std::uint32_t ticks, std::uint64_t bytes_per_second) {
  const double microseconds = std::ceil(ticks / kTicksOfMicrosecond);
  return fmt::format("{:.0f}b",
                     std::ceil(microseconds * static_cast<double>(bytes_per_second) / 1e6));
}

std::optional<std::string> htb_class_words(const std::string& options) {
  const Attributes attributes = read_attributes(options);
  const auto parameters = attributes.find(TCA_HTB_PARMS);
  if (parameters == attributes.end()) return {};
  const auto whole = read_plain<tc_htb_opt>(parameters->second);
  const auto rate = [&](std::uint16_t wide, std::uint32_t narrow) {
    const auto found = attributes.find(wide);
    return found == attributes.end() ? narrow : read_plain<std::uint64_t>(found->second);
  };
  const std::uint64_t sure = rate(TCA_HTB_RATE64, whole.rate.rate);
  const std::uint64_t most = rate(TCA_HTB_CEIL64, whole.ceil.rate);
  Words words;
  words.add("rate", bits(sure));
  words.add("ceil", bits(most));
  words.add("burst", burst(whole.buffer, sure));
  words.add("cburst", burst(whole.cbuffer, most));
  words.add("prio", std::to_string(whole.prio));
  words.add("quantum", std::to_string(whole.quantum));
  if (whole.rate.overhead != 0) words.add("overhead", std::to_string(whole.rate.overhead));
  if (whole.rate.mpu != 0) words.add("mpu", std::to_string(whole.rate.mpu));
  if (whole.rate.linklayer == TC_LINKLAYER_ATM) words.add("linklayer", "atm");
  // `tc` says these of both at once.
  const bool is_plain = whole.rate.linklayer <= TC_LINKLAYER_ATM && sure > 0 && most > 0 &&
                        whole.rate.linklayer == whole.ceil.linklayer &&
                        whole.rate.overhead == whole.ceil.overhead &&
                        whole.rate.mpu == whole.ceil.mpu;
  return is_plain ? words.take() : std::nullopt;
}

/// "800:", "800::801", "2:1:3": table, bucket and number of a filter.
std::string u32_handle(std::uint32_t handle) {
  const std::uint32_t bucket = handle >> 12U & 0xffU;
  const std::uint32_t node = handle & 0xfffU;
  std::string text = fmt::format("{:x}:", handle >> 20U);
  if (bucket != 0) text += fmt::format("{:x}", bucket);
  if (bucket != 0 || node != 0) text += ":";
  if (node != 0) text += fmt::format("{:x}", node);
  return text;
}

/// Where the table that it links to begins to look.
void add_u32_offset(const tc_u32_sel& whole, Words& words) {
  std::string text;
  if ((whole.flags & TC_U32_OFFSET) != 0) text += fmt::format(" plus {}", whole.off);
  if ((whole.flags & TC_U32_VAROFFSET) != 0) {
    text += fmt::format(" at {} mask 0x{:04x} shift {}", whole.offoff, ntohs(whole.offmask),
                        whole.offshift);
  }
  if ((whole.flags & TC_U32_EAT) != 0) text += " eat";
  if (!text.empty()) words.add("offset" + text);
}

void add_u32_keys(std::string_view value, Words& words) {
  const auto whole = read_plain<tc_u32_sel>(value);
  constexpr unsigned kSaid = TC_U32_TERMINAL | TC_U32_OFFSET | TC_U32_VAROFFSET | TC_U32_EAT;
  const bool has_keys = value.size() >= sizeof whole + whole.nkeys * sizeof(tc_u32_key);
  if ((whole.flags & ~kSaid) != 0 || !has_keys) return words.give_up();
  if (whole.hmask != 0) {
    words.add(fmt::format("hashkey mask 0x{:08x} at {}", ntohl(whole.hmask), whole.hoff));
  }
  add_u32_offset(whole, words);
  for (std::size_t i = 0; i < whole.nkeys; ++i) {
    const auto key = read_plain<tc_u32_key>(value.substr(sizeof whole + i * sizeof(tc_u32_key)));
    const std::string at =
        (key.offmask == 0 ? "" : "nexthdr+") + std::to_string(static_cast<int>(key.off));
    words.add(
        fmt::format("match u32 0x{:08x} 0x{:08x} at {}", ntohl(key.val), ntohl(key.mask), at));
  }
}

void add_u32(std::uint16_t type, std::string_view value, Words& words) {
  switch (type) {
    case TCA_U32_CLASSID:
      return words.add("flowid", handle_text(number_in(value)));
    case TCA_U32_HASH:
      return words.add("ht", u32_handle(number_in(value)));
    case TCA_U32_LINK:
      return words.add("link", u32_handle(number_in(value)));
    case TCA_U32_DIVISOR:
      return words.add("divisor", number(value));
    case TCA_U32_SEL:
      return add_u32_keys(value, words);
    default:
      words.give_up();
  }
}

std::optional<std::string> filter_words(const TreePart& part) {
  Words words;
  for (const auto& [type, value] : read_attributes(part.options)) {
    if (part.kind == "u32") {
      add_u32(type, value, words);
    } else if (type == TCA_FW_CLASSID) {
      words.add("classid", handle_text(number_in(value)));
    } else if (type != TCA_FW_MASK) {  // Which stands with the handle.
      words.give_up();
    }
  }
  return words.take();
}

std::string filter_handle(const TreePart& part) {
  if (part.kind == "u32") return u32_handle(part.handle);
  const auto attributes = read_attributes(part.options);
  const auto mask = attributes.find(TCA_FW_MASK);
  const std::string mark = fmt::format("0x{:x}", part.handle);
  if (mask == attributes.end() || number_in(mask->second) == kNone) return mark;
  return fmt::format("{}/0x{:x}", mark, number_in(mask->second));
}

std::string protocol_name(std::uint16_t protocol) {
  switch (protocol) {
    case ETH_P_ALL:
      return "all";
    case ETH_P_IP:
      return "ip";
    case ETH_P_IPV6:
      return "ipv6";
    case ETH_P_ARP:
      return "arp";
    default:
      return fmt::format("0x{:x}", protocol);
  }
}

}  // namespace

std::optional<std::string> qdisc_words(const std::string& kind, const std::string& options) {
  Words words;
  if (kind == "pfifo_fast" || kind == "mq" || options.empty()) return words.take();
  if (kind == "pfifo" || kind == "bfifo") {
    words.add("limit", std::to_string(read_plain<tc_fifo_qopt>(options).limit));
    return words.take();
  }
  const std::string to_put = options_to_put_back(kind, options);
  const Attributes attributes = read_attributes(to_put);
  if (attributes.empty()) words.give_up();
  for (const auto& [type, value] : attributes) {
    if (kind == "fq") {
      add_fq(type, value, words);
    } else if (kind == "fq_codel") {
      add_fq_codel(type, value, words);
    } else if (kind == "htb") {
      add_htb(type, value, words);
    } else {
      words.give_up();
    }
  }
  return words.take();
}

std::string line_to_put(const std::string& device, const TreePart& part) {
  const bool is_at_root = part.parent == kRootParent;
  const std::string where = " dev " + device + " parent " + handle_text(part.parent);
  std::string line;
  std::optional<std::string> words;
  switch (part.what) {
    case What::kQdisc:
      line = "tc qdisc replace" + where + " handle " + handle_text(part.handle) + " " + part.kind;
      words = qdisc_words(part.kind, part.options);
      break;
    case What::kClass:
      // Right below its qdisc.
      line = "tc class add dev " + device + " parent " +
             handle_text(is_at_root ? part.handle & 0xffff0000U : part.parent) + " classid " +
             handle_text(part.handle) + " " + part.kind;
      words = htb_class_words(part.options);
      break;
    case What::kFilter:
      line = fmt::format("tc filter add{} protocol {} prio {} handle {} {}", where,
                         protocol_name(ntohs(static_cast<std::uint16_t>(part.info & 0xffffU))),
                         part.info >> 16U, filter_handle(part), part.kind);
      words = filter_words(part);
      break;
  }
  if (!words) return line + std::string(kUnsaid);
  return line + (words->empty() ? "" : " " + *words);
}

}  // namespace squall::faults
