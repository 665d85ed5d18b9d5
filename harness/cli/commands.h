#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/compare/compare.h"

namespace squall::cli {

/// Exit codes that are not verdicts; those are reports::exit_code().
inline constexpr int kExitOk = 0;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitError = 7;

/// What the options of all commands that read scenarios have in common.
struct ScenarioOptions {
  std::vector<std::string> files;
  std::vector<std::string> sets;           ///< "path=value".
  std::vector<std::string> left_out = {};  ///< As ParseOptions has it; no option of a command.
};

/// The files by which one end of a fleet's links proves itself and believes the other: all three,
/// or none.
struct CredentialFiles {
  std::string authority;
  std::string certificate;
  std::string key;
};

/// How two runs are compared.
struct ComparisonOptions {
  double tolerance = reports::CompareOptions{}.tolerance;
  bool anyway = false;
};

struct CompareCommand {
  std::string a;
  std::string b;
  ComparisonOptions options;
  bool json = false;
};

struct RunCommand {
  ScenarioOptions scenarios;
  std::optional<std::string> out;
  std::size_t agents = 1;
  std::size_t shards = 0;
  std::string listen;  ///< For agents that dial in; empty: agents are local.
  std::string expect;  ///< "role=edge:3,role=load:2".
  std::optional<std::string> wait;
  std::string place;  ///< "ssh:FILE": agents are started there; empty: they are not.
  CredentialFiles credentials;
  std::vector<std::string> baselines;  ///< Runs to be compared with; their median counts.
  ComparisonOptions comparison;
  bool quiet = false;
  bool json = false;
};

struct PlanCommand {
  ScenarioOptions scenarios;
  bool json = false;
};

struct ValidateCommand {
  ScenarioOptions scenarios;
  bool json = false;
};

struct AgentCommand {
  std::string join;
  std::string name = "agent";
  std::vector<std::string> labels;  ///< "key=value".
  CredentialFiles credentials;
  std::optional<std::string> policy;  ///< File.
  bool is_placed =
      false;  ///< Started over ssh: it has a policy, although it joins by a socket here.
  bool quiet = false;
  bool probe = false;  ///< Only say what network faults this kernel can do.
};

/// Makes the small authority of a fleet, or a certificate of it.
struct CertsCommand {
  enum class What { kAuthority, kCoordinator, kAgent };
  What what = What::kAuthority;
  std::string folder;
  std::string name;
  std::vector<std::string> labels;  ///< "key=value", of an agent.
  int days = 0;                     ///< For so long it is valid.
};

struct TargetCommand {
  std::vector<std::string> listen;
  std::string protocol = "h1,h2,h2c";
  std::optional<std::uint32_t> alt_svc;
  bool retry = false;
  bool early_data = false;
  std::optional<std::string> certificate;
  std::optional<std::string> key;
  std::optional<std::string> write_certificate;
  std::vector<std::string> behaviours;  ///< See generators/target/README.md.
  std::uint64_t seed = 1;
};

struct RecoverCommand {
  bool dry_run = false;
  bool quiet = false;
  bool json = false;
};

struct StopCommand {
  std::string run;  ///< The run's folder, or its id.
  bool now = false;
  bool no_wait = false;
};

/// Changes a run that goes on.
struct CtlCommand {
  std::string run;                 ///< The run's folder, or its id.
  std::vector<std::string> words;  ///< "rate browse 2000/s", "pause", "resume", "stop".
};

/// Lists what is in force on this machine.
struct FaultsCommand {
  bool json = false;
};

/// Takes parts of a scenario away in turn.
struct SpofCommand {
  std::string scenario;
  std::vector<std::string> sets;
  std::vector<std::string> only;  ///< Names of what is taken away; none: all.
  std::string how = "freeze";
  std::optional<std::string> from;  ///< Durations.
  std::optional<std::string> length;
  std::optional<std::string> out;
  std::size_t shards = 0;
  bool dry_run = false;
  bool quiet = false;
  bool json = false;
};

/// Each does what its command says and answers with the exit code of the program.
int run(const RunCommand& command);
int compare(const CompareCommand& command);
int plan(const PlanCommand& command);
int validate(const ValidateCommand& command);
int agent(const AgentCommand& command);
int certs(const CertsCommand& command);
int target(const TargetCommand& command);
int recover(const RecoverCommand& command);
int list_faults(const FaultsCommand& command);
int stop(const StopCommand& command);
int ctl(const CtlCommand& command);
int spof(const SpofCommand& command);
/// The hidden command of an agent's second process.
int reaper(const std::string& journal, int fd);
/// The hidden command of the process that tells of an agent's end.
int witness();
/// The hidden command of a process that presses for an agent.
int pressure(const std::vector<std::string>& order, int line);

/// The whole program: reads the command line and carries out its command.
int run_program(int argc, const char* const* argv);

/// As the judge takes them.
reports::CompareOptions compare_options(const ComparisonOptions& given);

/// The absolute path of this program.
std::string this_program();

}  // namespace squall::cli
