#include "faults/network/tc_words.h"

#include <cstdint>
#include <optional>
#include <string>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>

#include "faults/network/netlink_message.h"
#include "faults/network/traffic_control.h"

namespace squall::faults {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using What = TreePart::What;

TEST(TcWords, HaveNothingToSayWhereAQdiscHasNoOptions) {
  EXPECT_EQ(qdisc_words("noqueue", ""), "");
  EXPECT_EQ(qdisc_words("mq", ""), "");
  EXPECT_EQ(qdisc_words("pfifo_fast", "bands and a map, which nobody can set"), "");
}

TEST(TcWords, SayTheLimitOfAFifo) {
  EXPECT_EQ(qdisc_words("bfifo", fifo_options(7777)), "limit 7777");
  EXPECT_EQ(qdisc_words("pfifo", fifo_options(77)), "limit 77");
}

TEST(TcWords, SayWhatFqCodelIsToBeToldSoThatItTellsTheSameAgain) {
  // It takes 5 ms, and tells 4999 us.
  const std::string told = AttributeWriter()
                               .attribute(TCA_FQ_CODEL_TARGET, std::uint32_t{4999})
                               .attribute(TCA_FQ_CODEL_LIMIT, std::uint32_t{10240})
                               .attribute(TCA_FQ_CODEL_INTERVAL, std::uint32_t{99999})
                               .attribute(TCA_FQ_CODEL_ECN, std::uint32_t{1})
                               .attribute(TCA_FQ_CODEL_FLOWS, std::uint32_t{1024})
                               .written();
  EXPECT_EQ(qdisc_words("fq_codel", told),
            "target 5000us limit 10240 interval 100000us ecn flows 1024");
}

TEST(TcWords, LeaveOutOfFqWhatIsNoLimit) {
  AttributeWriter options;
  options.attribute(TCA_FQ_PLIMIT, std::uint32_t{10000})
      .attribute(TCA_FQ_RATE_ENABLE, std::uint32_t{1})
      .attribute(TCA_FQ_FLOW_MAX_RATE, ~std::uint32_t{0})
      .attribute(TCA_FQ_BUCKETS_LOG, std::uint32_t{10})
      .attribute(TCA_FQ_LOW_RATE_THRESHOLD, std::uint32_t{68750});
  EXPECT_EQ(qdisc_words("fq", options.written()),
            "limit 10000 pacing buckets 1024 low_rate_threshold 550000bit");
  options.attribute(999, std::uint32_t{1});
  EXPECT_EQ(qdisc_words("fq", options.written()), std::nullopt) << "what nobody knows yet";
}

TEST(TcWords, SayTheDefaultClassOfHtbByTheBaseThatTcReads) {
  EXPECT_EQ(qdisc_words("htb", htb_options(0x20)), "default 0x20 r2q 10 direct_qlen 10000");
}

TEST(TcWords, SayOfAClassTheBurstOfWhichTcMakesItsTicks) {
  tc_htb_opt options{};
  options.rate.rate = 1'250'000;
  options.ceil.rate = 2'500'000;
  options.buffer = 20'000;  // 1280 us: 1600 bytes.
  options.cbuffer = 10'000;
  options.prio = 2;
  options.quantum = 12'500;
  const TreePart one{.what = What::kClass,
                     .parent = kRootParent,
                     .handle = 0x10010,
                     .kind = "htb",
                     .options = AttributeWriter().attribute(TCA_HTB_PARMS, options).written()};
  EXPECT_EQ(line_to_put("va", one),
            "tc class add dev va parent 1: classid 1:10 htb rate 10000000bit ceil 20000000bit "
            "burst 1600b cburst 1600b prio 2 quantum 12500");
  const auto with = [&](const tc_htb_opt& other) {
    TreePart changed = one;
    changed.options = AttributeWriter().attribute(TCA_HTB_PARMS, other).written();
    return line_to_put("va", changed);
  };
  options.rate.linklayer = options.ceil.linklayer = TC_LINKLAYER_ATM;
  options.rate.overhead = options.ceil.overhead = 40;
  EXPECT_THAT(with(options), EndsWith("quantum 12500 overhead 40 linklayer atm"));
  options.ceil.overhead = 0;  // tc has one word for both.
  EXPECT_THAT(with(options), EndsWith(std::string(kUnsaid)));
}

TEST(TcWords, SayOfAFilterWhereItIsAndWhatItMatches) {
  TreePart filter{.what = What::kFilter,
                  .parent = 0x10000,
                  .handle = 0x80000800,
                  .info = 2U << 16U | htons(ETH_P_IP),
                  .kind = "u32"};
  tc_u32_sel selector{};
  selector.flags = TC_U32_TERMINAL;
  selector.nkeys = 1;
  tc_u32_key key{};
  key.val = htonl(80);
  key.mask = htonl(0xffff);
  key.off = 20;
  std::string keys(reinterpret_cast<const char*>(&selector), sizeof selector);
  keys.append(reinterpret_cast<const char*>(&key), sizeof key);
  filter.options = AttributeWriter()
                       .attribute(TCA_U32_CLASSID, std::uint32_t{0x10010})
                       .attribute(TCA_U32_HASH, std::uint32_t{0x80000000})
                       .bytes(TCA_U32_SEL, keys)
                       .written();
  EXPECT_EQ(line_to_put("va", filter),
            "tc filter add dev va parent 1: protocol ip prio 2 handle 800::800 u32 flowid 1:10 ht "
            "800: match u32 0x00000050 0x0000ffff at 20");
  const auto with = [&](const tc_u32_sel& other) {
    TreePart changed = filter;
    keys.replace(0, sizeof other, reinterpret_cast<const char*>(&other), sizeof other);
    changed.options = AttributeWriter()
                          .attribute(TCA_U32_LINK, std::uint32_t{0x300000})
                          .bytes(TCA_U32_SEL, keys)
                          .written();
    return line_to_put("va", changed);
  };
  selector.flags = TC_U32_VAROFFSET | TC_U32_EAT;
  selector.hmask = htonl(0xff);
  selector.hoff = 12;
  selector.offmask = htons(0x0f00);
  selector.offshift = 6;
  EXPECT_THAT(with(selector),
              EndsWith("link 3: hashkey mask 0x000000ff at 12 offset at 0 mask 0x0f00 shift 6 eat "
                       "match u32 0x00000050 0x0000ffff at 20"));
  filter.options += AttributeWriter().bytes(TCA_U32_MARK, "a mark......").written();
  EXPECT_THAT(line_to_put("va", filter), EndsWith(std::string(kUnsaid)));
  TreePart marked{.what = What::kFilter,
                  .parent = 0x10000,
                  .handle = 6,
                  .info = 1U << 16U | htons(ETH_P_ALL),
                  .kind = "fw"};
  marked.options = AttributeWriter()
                       .attribute(TCA_FW_CLASSID, std::uint32_t{0x10010})
                       .attribute(TCA_FW_MASK, std::uint32_t{0xff})
                       .written();
  EXPECT_THAT(line_to_put("va", marked),
              HasSubstr("protocol all prio 1 handle 0x6/0xff fw classid 1:10"));
}

}  // namespace
}  // namespace squall::faults
