#include "faults/network/traffic_control.h"

#include <chrono>

#include <gtest/gtest.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "faults/network/netlink_message.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;

TEST(TrafficControl, WritesAQdiscSoThatItCanBeReadAgain) {
  const Qdisc put{.interface = 7,
                  .parent = kRootParent,
                  .handle = kOurRoot,
                  .kind = "htb",
                  .options = htb_options(1)};
  const std::string message = message_to_put(put);
  EXPECT_EQ(message_type(message), RTM_NEWQDISC);
  EXPECT_EQ(read_plain<std::uint32_t>(message), message.size());
  const auto read = read_qdisc(message);
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(read->is_same_as(put));
  EXPECT_TRUE(read->is_root());
}

TEST(TrafficControl, ReadsNothingFromWhatIsTorn) {
  const std::string whole = message_to_put({.interface = 7, .kind = "htb"});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto read = read_qdisc(std::string_view(whole).substr(0, length));
    if (read) {
      EXPECT_TRUE(read->kind.empty());
    }
  }
}

TEST(TrafficControl, GivesNetemItsTimesInNanosecondsAndItsSharesInPartsOfTheWhole) {
  const std::string options =
      netem_options({.delay = 80ms, .duplicate = 1, .corrupt = 0.5, .limit = 4321});
  const auto head = read_plain<tc_netem_qopt>(options);
  EXPECT_EQ(head.limit, 4321U);
  EXPECT_EQ(head.duplicate, 0xffffffffU);
  EXPECT_EQ(head.gap, 0U);
  const auto attributes = read_attributes(std::string_view(options).substr(sizeof head));
  EXPECT_EQ(read_plain<std::int64_t>(attributes.at(TCA_NETEM_LATENCY64)), 80'000'000);
  EXPECT_EQ(read_plain<tc_netem_corrupt>(attributes.at(TCA_NETEM_CORRUPT)).probability,
            0x80000000U);
  EXPECT_FALSE(attributes.contains(TCA_NETEM_RATE));
}

TEST(TrafficControl, KeepsTheOrderOfJitteredPacketsByARateThatNoneNotices) {
  const auto has_rate = [](bool in_order) {
    const std::string options =
        netem_options({.delay = 80ms, .jitter = 10ms, .in_order = in_order});
    return read_attributes(std::string_view(options).substr(sizeof(tc_netem_qopt)))
        .contains(TCA_NETEM_RATE64);
  };
  EXPECT_TRUE(has_rate(true));
  EXPECT_FALSE(has_rate(false));
}

TEST(TrafficControl, TellsNetemOfBurstsAsTheKernelCountsThem) {
  const std::string options = netem_options({.chain = Netem::Chain{0.01, 0.25, 1, 0}});
  const auto attributes = read_attributes(std::string_view(options).substr(sizeof(tc_netem_qopt)));
  const auto nested = read_attributes(attributes.at(TCA_NETEM_LOSS));
  const auto model = read_plain<tc_netem_gemodel>(nested.at(NETEM_LOSS_GE));
  EXPECT_NEAR(model.p / 4294967296.0, 0.01, 1e-6);
  EXPECT_NEAR(model.r / 4294967296.0, 0.25, 1e-6);
  EXPECT_EQ(model.h, 0U);   // None passes while it is bad,
  EXPECT_EQ(model.k1, 0U);  // and none is lost while it is good.
}

TEST(TrafficControl, GivesAClassItsRateAlsoAboveThirtyTwoBits) {
  const std::string written = htb_class_options(125'000);
  const auto slow = read_attributes(written);
  EXPECT_EQ(read_plain<tc_htb_opt>(slow.at(TCA_HTB_PARMS)).rate.rate, 125'000U);
  // 3100 bytes at 125,000 bytes/s are 24.8 ms, in ticks of 64 ns.
  EXPECT_EQ(read_plain<tc_htb_opt>(slow.at(TCA_HTB_PARMS)).buffer, 387'500U);
  EXPECT_FALSE(slow.contains(TCA_HTB_RATE64));
  const std::string options = htb_class_options(12.5e9);
  EXPECT_EQ(read_plain<std::uint64_t>(read_attributes(options).at(TCA_HTB_RATE64)),
            12'500'000'000U);
}

TEST(TrafficControl, PutsBackTimesOfFqCodelThatTheKernelRoundsDownTwice) {
  for (const std::uint32_t kept : {0U, 1U, 125U, 4882U, 97656U}) {  // In units of 1024 ns.
    const auto told = static_cast<std::uint32_t>(std::uint64_t{kept} * 1024 / 1000);
    AttributeWriter writer;
    writer.attribute(TCA_FQ_CODEL_TARGET, told).attribute(TCA_FQ_CODEL_LIMIT, told);
    const std::string written = options_to_put_back("fq_codel", writer.written());
    const auto attributes = read_attributes(written);
    const auto again = read_plain<std::uint32_t>(attributes.at(TCA_FQ_CODEL_TARGET));
    EXPECT_EQ(std::uint64_t{again} * 1000 / 1024, kept);
    EXPECT_EQ(read_plain<std::uint32_t>(attributes.at(TCA_FQ_CODEL_LIMIT)), told);
    EXPECT_EQ(options_to_put_back("fq", writer.written()), writer.written());
  }
}

TEST(TrafficControl, NamesHandlesAsTcDoes) {
  EXPECT_EQ(handle_text(kOurRoot), "50a1:");
  EXPECT_EQ(handle_text(kOurRoot | 2U), "50a1:2");
  EXPECT_EQ(handle_text(kRootParent), "root");
}

}  // namespace
}  // namespace squall::faults
