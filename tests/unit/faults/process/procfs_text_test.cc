#include "faults/process/procfs_text.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::faults {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kRest = " S 1 4711 4710 0 -1 4194560 11 0 0 0 0 0 0 0 20 0 1 0 987654 1 2 3 4\n";

TEST(ParseStat, ReadsWhatIdentifiesAProcess) {
  const auto info = parse_stat("4712 (nginx)" + kRest);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->id, (ProcessId{4712, 987654}));
  EXPECT_EQ(info->parent, 1);
  EXPECT_EQ(info->group, 4711);
  EXPECT_EQ(info->session, 4710);
  EXPECT_EQ(info->state, 'S');
  EXPECT_EQ(info->name, "nginx");
  EXPECT_FALSE(info->is_kernel_thread);
}

TEST(ParseFilesLimit, ReadsTheLineOfOpenFiles) {
  const std::string before =
      "Limit                     Soft Limit           Hard Limit           Units     \n"
      "Max processes             7823                 7823                 processes \n";
  const auto limit =
      parse_files_limit(before + "Max open files            924                  4096    files \n");
  ASSERT_TRUE(limit);
  EXPECT_EQ(limit->soft, 924U);
  EXPECT_EQ(limit->hard, 4096U);
  const auto unbounded = parse_files_limit("Max open files  1024  unlimited  files");
  ASSERT_TRUE(unbounded);
  EXPECT_EQ(unbounded->hard, ~std::uint64_t{});
  EXPECT_FALSE(parse_files_limit(before));
  EXPECT_FALSE(parse_files_limit("Max open files \n1 2"));
}

TEST(ParseStat, IsNotDeceivedByNamesWithSpacesAndParentheses) {
  for (const std::string name : {"a b", "a) S 1 2 (b", ")", "((", "", "Web Content)", "a\nb"}) {
    const auto info = parse_stat(std::string("4712 (").append(name).append(")").append(kRest));
    ASSERT_TRUE(info) << name;
    EXPECT_EQ(info->name, name);
    EXPECT_EQ(info->id.start_ticks, 987654U);
  }
}

TEST(ParseStat, KnowsKernelThreadsByTheirFlag) {
  const auto info = parse_stat(
      "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0 18446744073709551615\n");
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->is_kernel_thread);
}

TEST(ParseStat, RefusesWhatIsNoSuchLine) {
  for (const std::string& text : {std::string(), std::string("4712"), std::string("4712 (nginx)"),
                                  std::string("4712 (nginx) S 1 2"), "x (nginx)" + kRest,
                                  "4712 nginx" + kRest, std::string(") 1 (")}) {
    EXPECT_FALSE(parse_stat(text)) << text;
  }
}

// Port 0x1F90 is 8080.
const std::string kTcp =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
    "111 1 0000 100 0 0 10 0\n"
    "   1: 0100007F:1F90 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 "
    "222 1 0000 100 0 0 10 0\n"
    "   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
    "333 1 0000 100 0 0 10 0\n"
    "garbage\n"
    "   3: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0        0 444 1 0000 100 0 0 10 0\n"
    "   4: 0100007F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 "
    "555 2 0000 0\n";

TEST(ParseListening, FindsListenersOnThePortAlone) {
  EXPECT_THAT(parse_listening(kTcp, 8080, false), ElementsAre(111U, 444U));
  EXPECT_THAT(parse_listening(kTcp, 8082, false), IsEmpty());
}

TEST(ParseListening, FindsBoundUdpSockets) {
  EXPECT_THAT(parse_listening(kTcp, 8080, true), ElementsAre(555U));
}

TEST(ParseSocketLink, ReadsTheInode) {
  EXPECT_EQ(parse_socket_link("socket:[12345]"), 12345U);
  EXPECT_FALSE(parse_socket_link("pipe:[12345]"));
  EXPECT_FALSE(parse_socket_link("socket:[]"));
  EXPECT_FALSE(parse_socket_link("/dev/null"));
}

}  // namespace
}  // namespace squall::faults
