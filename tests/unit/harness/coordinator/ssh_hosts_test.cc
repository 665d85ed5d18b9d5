#include "harness/coordinator/ssh_hosts.h"

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/coordinator/child_process.h"

#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::coordinator {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::SizeIs;
using testing::StartsWith;

std::string mistake_of(std::string_view text) {
  const auto hosts = parse_ssh_hosts(text, "hosts.yaml");
  return hosts ? "none" : hosts.error().trail;
}

TEST(SshHosts, AreReadWithAllThatSshAndTheAgentNeed) {
  const auto read = parse_ssh_hosts(R"(
ssh: [-F, ./ssh_config]
hosts:
  fra-1: {address: 10.0.0.7, user: ops, port: 2222, labels: {role: edge}, squall: /opt/squall, policy: /etc/p.yaml, sudo: true}
  ams-1:
)",
                                    "hosts.yaml");
  ASSERT_TRUE(ok(read));
  EXPECT_THAT(read->ssh, ElementsAre("ssh", "-F", "./ssh_config"));
  ASSERT_THAT(read->hosts, SizeIs(2));
  const SshHost& fra = read->hosts[0];
  EXPECT_EQ(fra.name, "fra-1");
  EXPECT_EQ(fra.address, "10.0.0.7");
  EXPECT_EQ(fra.user, "ops");
  EXPECT_EQ(fra.port, 2222);
  EXPECT_THAT(fra.labels, ElementsAre(Pair("role", "edge")));
  EXPECT_EQ(fra.squall, "/opt/squall");
  EXPECT_EQ(fra.policy, "/etc/p.yaml");
  EXPECT_TRUE(fra.sudo);
  EXPECT_EQ(read->hosts[1].address, "ams-1") << "a name alone is what ssh is told";
  EXPECT_EQ(read->hosts[1].squall, "squall");
}

TEST(SshHosts, AMistakeIsToldByItsPlace) {
  EXPECT_THAT(mistake_of("hosts: {a: {adress: b}}"),
              AllOf(HasSubstr("hosts.yaml:1:13"), HasSubstr("adress"), HasSubstr("address")));
  EXPECT_THAT(mistake_of("hosts: {a: {port: 70000}}"), HasSubstr("hosts.yaml:1:19"));
  EXPECT_THAT(mistake_of("hosts: {}"), HasSubstr("at least one host"));
  EXPECT_THAT(mistake_of("ssh: [-4]"), HasSubstr("hosts"));
  EXPECT_THAT(mistake_of("hosts: {a: {labels: {role: a b}}}"), HasSubstr("is no label"));
  EXPECT_THAT(mistake_of("hosts: {a: {labels: {weight: 900}}}"),
              AllOf(HasSubstr("hosts.yaml:1:21"), HasSubstr("from 1 to 100")));
  EXPECT_THAT(mistake_of(""), HasSubstr("hosts.yaml"));
  EXPECT_THAT(read_ssh_hosts("/no/such/file").error().message(), HasSubstr("/no/such/file"));
}

TEST(SshHosts, NothingInThemCanBecomeAnOptionOfSsh) {
  EXPECT_THAT(mistake_of("hosts: {a: {address: -oProxyCommand=x}}"), HasSubstr("is no word"));
  EXPECT_THAT(mistake_of("hosts: {a: {user: -x}}"), HasSubstr("is no word"));
  EXPECT_THAT(mistake_of("hosts: {a: {address: a b}}"), HasSubstr("is no word"));
}

TEST(SshHosts, TheCommandLeadsASocketThereAndStartsAnAgentAtIt) {
  SshHosts hosts;
  const SshHost host{.name = "fra-1",
                     .address = "10.0.0.7",
                     .user = "ops",
                     .port = 2222,
                     .labels = {{"role", "edge"}},
                     .policy = "/etc/p.yaml",
                     .sudo = true};
  const auto command = ssh_command(hosts, host, "/run/here.sock", "/tmp/there.sock");
  EXPECT_EQ(command.front(), "ssh");
  EXPECT_THAT(command, testing::IsSupersetOf({"-l", "ops", "-p", "2222", "BatchMode=yes",
                                              "/tmp/there.sock:/run/here.sock"}));
  ASSERT_GE(command.size(), 3U);
  EXPECT_EQ(command[command.size() - 3], "--") << "what follows is no option";
  EXPECT_EQ(command[command.size() - 2], "10.0.0.7");
  EXPECT_THAT(command.back(), HasSubstr("agent --placed --join '\\''unix:/tmp/there.sock"));
  EXPECT_THAT(command.back(), StartsWith("exec sh -c 'sudo -n "));
  EXPECT_THAT(command.back(), HasSubstr("--label '\\''role=edge'\\''"));
  EXPECT_THAT(command.back(), HasSubstr("--policy '\\''/etc/p.yaml'\\''"));
}

TEST(SshHosts, AQuoteInAPathIsNoWayOutOfItsTwoShells) {
  const TemporaryFolder folder;
  const auto said_by = [&](const std::string& squall) {
    const SshHost host{.name = "a", .address = "b", .squall = squall};
    const std::string said = folder / "said";
    const std::string command = ssh_command({}, host, "/l", "/no/such/socket").back();
    // As sshd has the user's shell do it.
    auto shell = ChildProcess::start({"/bin/sh", "-c", command + " >" + said + " 2>&1"});
    EXPECT_TRUE(ok(shell));
    EXPECT_TRUE(shell->wait_until(std::chrono::steady_clock::now() + std::chrono::seconds(10)));
    std::ifstream file(said);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_THAT(said_by("echo"), StartsWith("agent --placed --join unix:/no/such/socket --name a"));
  EXPECT_THAT(said_by("x';echo;'"), HasSubstr("not found")) << "and nothing is echoed";
}

}  // namespace
}  // namespace squall::coordinator
