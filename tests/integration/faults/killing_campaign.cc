#include "tests/integration/faults/killing_campaign.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <thread>
#include <utility>

#include <unistd.h>

#include "faults/core/journal.h"
#include "faults/network/kernel_networks.h"

namespace squall::faults {

using namespace std::chrono_literals;

int killings_or(int otherwise) {
  const char* asked = std::getenv("SQUALL_KILLINGS");
  return asked == nullptr ? otherwise : std::stoi(asked);
}

KillingCampaign::KillingCampaign(std::uint64_t seed, std::vector<std::string> groups)
    : random_(seed),
      groups_(std::move(groups)),
      space_("squall-killing-" + std::to_string(::getpid()) + "-" + std::to_string(seed)) {
  const auto ip = [](const std::string& words) {
    std::istringstream stream(words);
    std::vector<std::string> command{"ip"};
    for (std::string word; stream >> word;) command.push_back(word);
    EXPECT_EQ(ChildProcess(command).wait(), 0) << words;
  };
  ip("netns add " + space_);
  ip("-n " + space_ + " link set lo up");
  ip("-n " + space_ + " link add va type veth peer name vb");
  ip("-n " + space_ + " link set va up");
  ip("-n " + space_ + " link set vb up");
}

KillingCampaign::~KillingCampaign() {
  EXPECT_EQ(ChildProcess({"ip", "netns", "delete", space_}).wait(), 0);
}

std::size_t KillingCampaign::below(std::size_t count) {
  return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
}

std::string KillingCampaign::fault(const FaultKind& kind, const std::string& way) const {
  std::string words = way;
  if (const std::size_t at = words.find("SPACE"); at != std::string::npos) {
    words.replace(at, 5, space_);
  }
  return kind.name + ": {at: 0s, " + (kind.is_of_service ? "" : "for: 5m, ") + words + "}";
}

KillingCampaign::Draw KillingCampaign::draw(const std::vector<FaultKind>& kinds,
                                            std::size_t always) {
  Draw drawn;
  has_service_ = below(3) == 0;
  bool ends_service = kinds[always].is_of_service;
  for (std::size_t at = 0; at < kinds.size(); ++at) {
    const FaultKind& kind = kinds[at];
    if (at != always && (below(5) != 0 || (kind.is_of_service && ends_service))) continue;
    ends_service = ends_service || kind.is_of_service;
    drawn.names.push_back(kind.name);
    drawn.faults.push_back(fault(kind, kind.ways[below(kind.ways.size())]));
  }
  has_service_ = has_service_ || ends_service;
  if (has_service_) drawn.names.emplace_back("service");
  return drawn;
}

ChildProcess KillingCampaign::start_victim() {
  ChildProcess victim({"ip", "netns", "exec", space_, "sleep", "1000"});
  EXPECT_TRUE(eventually(5s, [&] {
    const auto info = table_.look_up(victim.pid());
    return info && info->name == "sleep" && info->state == 'S';
  }));
  for (const std::string& group : groups_) {
    std::ofstream(group + "/cgroup.procs") << victim.pid() << std::flush;
  }
  return victim;
}

/// All that a fault could leave behind of the victim, of files and of the namespace.
std::string KillingCampaign::state_of_all(pid_t victim) {
  namespace fs = std::filesystem;
  std::string text;
  const auto info = table_.look_up(victim);
  text += info && info->is_stopped() ? "stopped\n" : "goes on\n";
  if (const auto limit = info ? table_.files_limit(info->id) : Result<FilesLimit>(FilesLimit{})) {
    text += "limit " + std::to_string((*limit).soft) + "\n";
  }
  const auto membership = table_.cgroups().membership_of(victim);
  text += membership ? *membership : membership.error().message();
  std::error_code trouble;
  for (const std::string& group : groups_) {
    for (const auto& one : fs::directory_iterator(group, trouble)) {
      if (one.is_directory(trouble)) text += one.path().string() + "\n";
    }
  }
  for (const auto& one : fs::recursive_directory_iterator(folder_.path(), trouble)) {
    const auto kind = one.path().extension();
    const bool is_known = kind == ".log" || kind == ".pid" || kind == ".yaml";
    if (one.is_regular_file(trouble) && !is_known && !is_journal(one.path())) {
      text += one.path().string() + "\n";
    }
  }
  KernelNetworks networks;
  const auto space = networks.of_name(space_);
  const auto network = space ? networks.open(*space) : space.error();
  if (!network) return text + "no namespace";
  if (const auto links = (*network)->links()) {
    for (const Link& link : *links) text += link.name + "\n";
  }
  if (const auto qdiscs = (*network)->qdiscs()) {
    std::vector<std::string> lines;
    for (const Qdisc& one : *qdiscs) {
      lines.push_back(std::to_string(one.interface) + " " + one.kind + " " + one.options + "\n");
    }
    std::sort(lines.begin(), lines.end());
    for (const std::string& line : lines) text += line;
  }
  const auto rules = (*network)->nft(R"({"nftables":[{"list":{"ruleset":null}}]})");
  return text + (rules ? *rules : rules.error().message());
}

/// KILL to every process of this test's agents of which `is_meant` is true.
void KillingCampaign::kill_all(const std::function<bool(const ProcessInfo&)>& is_meant) {
  for (const ProcessInfo& one : processes_of_agents()) {
    if (is_meant(one)) ::kill(one.id.pid, SIGKILL);
  }
}

/// Recovers as a user would, now and then dying of it.
void KillingCampaign::recover_with_deaths() {
  std::vector<std::string> command{SQUALL_AGENT_STAND_IN, "recover", folder_.path()};
  for (int attempt = 0; attempt < 3 && below(2) == 0; ++attempt) {
    auto mortal = command;
    mortal.insert(mortal.end(), {"--die-before", std::to_string(1 + below(80))});
    ChildProcess(mortal).wait();
  }
  EXPECT_EQ(ChildProcess(command).wait(), 0);
}

/// As read_line(), with patience for a machine on which the agent takes minutes.
std::string KillingCampaign::next_line(ChildProcess& agent) {
  std::string line;
  for (int tens_of_seconds = 0; tens_of_seconds < 12 && line.empty(); ++tens_of_seconds) {
    line = agent.read_line();
  }
  return line;
}

KillingCampaign::Life KillingCampaign::live_in_peace(const std::vector<FaultKind>& kinds) {
  const ChildProcess victim = start_victim();
  std::vector<std::string> faults;
  for (const FaultKind& kind : kinds) {
    if (!kind.is_of_service) faults.push_back(fault(kind, kind.ways.front()));
  }
  const auto parts = static_cast<double>(faults.size() + 1);  // And what it is without any.
  has_service_ = true;
  Life life;
  const std::string before = state_of_all(victim.pid());
  const auto begun = std::chrono::steady_clock::now();
  ChildProcess agent = start_agent(faults, {"--orderly"}, &victim);
  for (std::string line = next_line(agent); !line.empty(); line = next_line(agent)) {
    EXPECT_FALSE(line.starts_with("failed")) << line;
    if (line == "in force") life.start_of_one = (std::chrono::steady_clock::now() - begun) / parts;
    if (line.starts_with("calls ")) life.calls = std::stoi(line.substr(6));
  }
  EXPECT_EQ(agent.wait(), 0);
  EXPECT_GT(life.calls, 0);
  EXPECT_EQ(state_of_all(victim.pid()), before);
  return life;
}

std::vector<std::string> KillingCampaign::live_and_die(const Draw& drawn, const Life& life) {
  const ChildProcess victim = start_victim();
  const std::string before = state_of_all(victim.pid());
  const auto who = static_cast<Who>(below(4));
  const auto when = static_cast<When>(below(4));
  std::vector<std::string> options;
  if (when == When::kBeforeACall) {
    const auto call = 1 + below(static_cast<std::size_t>(std::max(life.calls, 1)));
    options = {"--orderly", "--die-before", std::to_string(call)};
  }
  std::string told = "who " + std::to_string(static_cast<int>(who)) + " when " +
                     std::to_string(static_cast<int>(when));
  for (const std::string& one : drawn.faults) told += "\n  " + one;
  SCOPED_TRACE(told);

  ChildProcess agent = start_agent(drawn.faults, options, &victim);
  bool was_in_force = false;
  const auto read_on = [&] {  // Until it is in force, or has ended.
    for (std::string line = next_line(agent); !line.empty(); line = next_line(agent)) {
      EXPECT_FALSE(line.starts_with("failed") || line.starts_with("residue")) << line;
      was_in_force = was_in_force || line == "in force";
      if (line == "in force" && when != When::kBeforeACall) break;
    }
  };
  const auto some = std::uniform_real_distribution<double>(0, 1.2)(random_) * life.start_of_one *
                    static_cast<double>(drawn.faults.size() + 1);
  if (when != When::kOnTheWay) read_on();
  if (when == When::kOnTheWay) std::this_thread::sleep_for(some);
  if (when == When::kAtTheEnd) {
    ::kill(agent.pid(), SIGTERM);
    std::this_thread::sleep_for(some / 4);
  }
  if (who != Who::kAgent) {
    kill_all([](const ProcessInfo& one) {
      return one.command_line.find(" --journal ") != std::string::npos;  // The reaper.
    });
  }
  if (who == Who::kReaper) {  // The agent goes on, and ends in good order.
    if (when != When::kAtTheEnd) ::kill(agent.pid(), SIGTERM);
    if (when == When::kOnTheWay) read_on();
  } else {
    agent.kill();
  }
  if (who == Who::kAll) kill_all([](const ProcessInfo&) { return true; });
  agent.wait();
  if (when == When::kOnTheWay && who != Who::kReaper) read_on();
  // A reaper that lives does it; where it may have come too late to arm, there is nothing to do.
  if (who != Who::kAgent) recover_with_deaths();

  std::string after;
  EXPECT_TRUE(eventually(
      30s, [&] { return no_process_is_left() && (after = state_of_all(victim.pid())) == before; }))
      << "left: " << after << "\nbefore: " << before;
  EXPECT_TRUE(eventually(10s, [&] { return no_journal_is_left(); }));
  return was_in_force ? drawn.names : std::vector<std::string>();
}

InForceCounts KillingCampaign::conduct(int deaths, const std::vector<FaultKind>& kinds) {
  InForceCounts counts{{"service", 0}};
  for (const FaultKind& kind : kinds) counts[kind.name] = 0;
  const Life life = live_in_peace(kinds);
  for (int death = 0; death < deaths; ++death) {
    if (testing::Test::HasFailure()) break;  // What is left would be found again and again.
    SCOPED_TRACE(space_ + ", death " + std::to_string(death));
    const Draw drawn = draw(kinds, static_cast<std::size_t>(death) % kinds.size());
    for (const std::string& name : live_and_die(drawn, life)) ++counts[name];
  }
  return counts;
}

int tell(const InForceCounts& counts, int deaths) {
  int least = deaths;
  for (const auto& [kind, times] : counts) {
    std::cout << kind << " was in force in " << times << " of " << deaths << "\n";
    least = std::min(least, times);
  }
  return least;
}

}  // namespace squall::faults
