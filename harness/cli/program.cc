#include <algorithm>
#include <array>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "generators/target/behaviour_text.h"
#include "harness/base/version.h"
#include "harness/cli/commands.h"
#include "harness/cli/interrupts.h"
#include "scenarios/parse/values.h"

namespace squall::cli {
namespace {

/// Whether nothing is begun by a command that would have to be ended in order. Those that begin
/// something later block the signals before they do.
bool ends_when_told(std::string_view command) {
  constexpr std::array kAll = {"run",    "spof", "plan", "validate", "compare",
                               "faults", "stop", "ctl",  "certs",    "version"};
  return std::find(kAll.begin(), kAll.end(), command) != kAll.end();
}

void add_scenario_options(CLI::App& command, ScenarioOptions& options) {
  command.add_option("SCENARIO", options.files, "Scenario files (YAML)")->required();
  command
      .add_option("--set", options.sets,
                  "Override a value of the scenario: load.browse.open.stages.1.rate=2000/s")
      ->take_all()
      ->allow_extra_args(false);
}

/// "5%" or "0.05", as in scenarios.
void add_tolerance(CLI::App& command, double& tolerance) {
  command
      .add_option_function<std::string>(
          "--tolerance",
          [&tolerance](const std::string& text) {
            const auto share = scenarios::kShare.parse(text);
            if (!share.value) throw CLI::ValidationError("--tolerance", share.mistake);
            tolerance = share.value->value;
          },
          "A change of up to this counts for nothing (default 6%)")
      ->type_name("SHARE");
}

void add_comparison_options(CLI::App& command, ComparisonOptions& options) {
  add_tolerance(command, options.tolerance);
  command.add_flag("--anyway", options.anyway,
                   "Compare although scenario, machine or number of agents differ");
}

void add_compare(CLI::App& app, CompareCommand& options) {
  CLI::App& command = *app.add_subcommand("compare", "Say whether run B is worse than run A");
  command.add_option("A", options.a, "A run's folder, or its results.json")->required();
  command.add_option("B", options.b, "The run to be judged")->required();
  add_comparison_options(command, options.options);
  command.add_flag("--json", options.json, "As JSON");
  command.footer(
      "Exit codes: 0 same or better, 1 worse, 2 usage or a file that cannot be read, 4 not\n"
      "comparable: not the same scenario or machine, a run that is no measurement, or too noisy.");
}

void add_credentials(CLI::App& command, CredentialFiles& files) {
  auto* ca = command.add_option("--ca", files.authority, "Certificate of the fleet's authority");
  auto* cert = command.add_option("--cert", files.certificate, "Its own certificate (PEM)");
  auto* key = command.add_option("--key", files.key, "Its own key (PEM)");
  ca->needs(cert)->needs(key);
  cert->needs(ca);
  key->needs(ca);
}

void add_run(CLI::App& app, RunCommand& options) {
  CLI::App& command = *app.add_subcommand("run", "Run scenarios and write their reports");
  add_scenario_options(command, options.scenarios);
  command.add_option("--out", options.out, "Folder for the results (default runs/NAME-TIMESTAMP)");
  auto* agents =
      command.add_option("--agents", options.agents, "How many local agents offer the load");
  agents->check(CLI::Range(1, 64));
  auto* listen = command.add_option(
      "--listen", options.listen,
      "ADDRESS:PORT for agents on other machines: squall agent --join; needs --ca, --cert and "
      "--key, but on loopback");
  auto* expect =
      command.add_option("--expect", options.expect,
                         "The agents to wait for, by label and number: role=edge:3,role=load:2, "
                         "role=edge (one), or 5 (any)");
  listen->needs(expect)->excludes(agents);
  expect->needs(listen);
  command
      .add_option("--place", options.place,
                  "ssh:HOSTS.yaml: agents are started on these machines, and end with the run")
      ->excludes(listen)
      ->excludes(agents);
  command.add_option("--wait", options.wait,
                     "For so long agents of other machines are waited for (default 30s)");
  add_credentials(command, options.credentials);
  command.add_option("--shards", options.shards, "Threads of each agent (default: one per core)")
      ->check(CLI::Range(1, 256));
  command
      .add_option("--baseline", options.baselines,
                  "Compare with this run (folder or results.json): worse is a failed run. More "
                  "than once: with the median of these runs")
      ->take_all()
      ->allow_extra_args(false);
  add_comparison_options(command, options.comparison);
  command.add_flag("--quiet", options.quiet, "No progress on stderr");
  command.add_flag("--json", options.json, "results.json on stdout instead of the summary");
}

void add_others(CLI::App& app, PlanCommand& plan, ValidateCommand& validate) {
  CLI::App& plan_command =
      *app.add_subcommand("plan", "Show what a scenario would do, and touch nothing");
  add_scenario_options(plan_command, plan.scenarios);
  plan_command.add_flag("--json", plan.json, "As JSON");

  CLI::App& validate_command =
      *app.add_subcommand("validate", "Check scenarios and tell every mistake");
  add_scenario_options(validate_command, validate.scenarios);
  validate_command.add_flag("--json", validate.json, "Mistakes as JSON");
}

void add_agent(CLI::App& app, AgentCommand& options) {
  CLI::App& command =
      *app.add_subcommand("agent", "Offer load and inject faults for a coordinator");
  auto* join = command.add_option("--join", options.join,
                                  "Where the coordinator listens: HOST:PORT, or unix:PATH");
  command
      .add_flag("--probe", options.probe, "Only say what faults on the network this kernel can do")
      ->excludes(join);
  command.add_option("--name", options.name, "How the coordinator knows this agent");
  command
      .add_option("--label", options.labels,
                  "key=value, to place loads and faults by; weight=2: twice the load of others")
      ->take_all()
      ->allow_extra_args(false);
  add_credentials(command, options.credentials);
  command.add_option("--policy", options.policy,
                     "File that says what it may be told to do, and by whom (default: load to "
                     "loopback and no faults, by coordinator main; all where it joins unix:PATH)");
  command.add_flag("--quiet", options.quiet, "Only errors on stderr");
  command.add_flag("--placed", options.is_placed)->group("");  // As `run --place` starts it.
}

void add_target(CLI::App& app, TargetCommand& options) {
  CLI::App& command =
      *app.add_subcommand("target", "Serve as a target whose behaviour is known and can be set");
  command
      .add_option("--listen", options.listen,
                  "ADDRESS:PORT; port 0 lets the kernel choose (default 127.0.0.1:0)")
      ->take_all()
      ->allow_extra_args(false);
  command.add_option("--protocol", options.protocol, "some of h1,h2,h2c,h3, by commas");
  command.add_option("--alt-svc", options.alt_svc,
                     "With h3: answers over TLS say so, good for so many seconds (RFC 7838)");
  command.add_flag("--retry", options.retry,
                   "With h3: new clients are sent a Retry first (RFC 9000 8.1.2)");
  command.add_flag("--early-data", options.early_data, "With h3: take 0-RTT");
  command.add_option("--cert", options.certificate, "PEM file (default: self-signed, made anew)");
  command.add_option("--key", options.key, "PEM file, with --cert");
  command.add_option("--write-cert", options.write_certificate,
                     "Write the certificate here, for clients that verify it");
  command
      .add_option("--behaviour", options.behaviours,
                  "How a path answers: " + std::string(generators::kBehaviourTextHelp))
      ->take_all()
      ->allow_extra_args(false);
  command.add_option("--seed", options.seed, "Of all its random choices");
}

void add_certs(CLI::App& app, CertsCommand& options) {
  using What = CertsCommand::What;
  CLI::App& command = *app.add_subcommand(
      "certs", "Make a fleet's own authority, and the certificates of its coordinators and agents");
  command.require_subcommand(1);
  const auto add = [&](What what, const char* word, const char* help, const char* name, int days) {
    CLI::App& one = *command.add_subcommand(word, help);
    one.add_option("DIR", options.folder, "Folder of the authority: ca.pem, ca.key")->required();
    const CLI::Option* const given =
        one.add_option("--name", options.name, "Whose it is")->default_str(name);
    one.add_option("--days", options.days, "For so long it is valid")
        ->check(CLI::Range(1, 36500))
        ->default_str(std::to_string(days));
    one.parse_complete_callback([&options, given, what, name, days] {
      options.what = what;
      if (given->count() == 0) options.name = name;
      if (options.days == 0) options.days = days;
    });
    return &one;
  };
  add(What::kAuthority, "init", "Make the authority, in a folder to be kept safe", "squall fleet",
      3650);
  add(What::kCoordinator, "coordinator", "Make a coordinator's: coordinator-NAME.pem and .key",
      "main", 365);
  CLI::App* const agent =
      add(What::kAgent, "agent", "Make an agent's: agent-NAME.pem and .key", "", 365);
  agent->get_option("--name")->required();
  agent
      ->add_option("--label", options.labels,
                   "Pin this label, key=value: the agent can give itself no other")
      ->take_all()
      ->allow_extra_args(false);
}

void add_spof(CLI::App& app, SpofCommand& options) {
  CLI::App& command = *app.add_subcommand(
      "spof", "Take each service, instance and fault domain away in turn; rank what that costs");
  command.add_option("SCENARIO", options.scenario, "Scenario file (YAML)")->required();
  command.add_option("--set", options.sets, "Override a value of the scenario")
      ->take_all()
      ->allow_extra_args(false);
  command.add_option("--only", options.only, "Only these, by their names: web.1, web, rack-a")
      ->take_all()
      ->allow_extra_args(false);
  command
      .add_option("--how", options.how,
                  "freeze: silent, then back; kill: gone to the end of the run (default freeze)")
      ->check(CLI::IsMember({"freeze", "kill"}));
  command.add_option("--at", options.from,
                     "When it goes (default: after a quarter of the load's length)");
  command.add_option("--for", options.length,
                     "For how long (default: two fifths of the load's length)");
  command.add_option("--out", options.out,
                     "Folder for the results (default runs/spof-NAME-TIMESTAMP)");
  command.add_option("--shards", options.shards, "Threads of the agent (default: one per core)")
      ->check(CLI::Range(1, 256));
  command.add_flag("--dry-run", options.dry_run, "Only say what would be taken away, and when");
  command.add_flag("--quiet", options.quiet, "No progress on stderr");
  command.add_flag("--json", options.json, "spof.json on stdout instead of the table");
}

}  // namespace

std::string this_program() {
  std::string path(4096, '\0');
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  path.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return path;
}

int run_program(int argc, const char* const* argv) {
  CLI::App app("squall: load, faults and objectives on one timeline", "squall");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(version()));
  app.footer(
      "Exit codes of run and spof: 0 pass, 1 fail, 2 usage or scenario error, 3 aborted, 4 "
      "invalid,\n"
      "5 ineffective, 6 residue, 7 error.");

  RunCommand run_options;
  CompareCommand compare_options;
  PlanCommand plan_options;
  ValidateCommand validate_options;
  AgentCommand agent_options;
  CertsCommand certs_options;
  TargetCommand target_options;
  RecoverCommand recover_options;
  FaultsCommand faults_options;
  StopCommand stop_options;
  CtlCommand ctl_options;
  SpofCommand spof_options;
  std::string journal;
  int fd = -1;
  std::vector<std::string> order;
  std::string agent_of_witness;  // For whoever looks at the list of processes.

  add_run(app, run_options);
  add_compare(app, compare_options);
  add_others(app, plan_options, validate_options);
  add_agent(app, agent_options);
  add_certs(app, certs_options);
  add_target(app, target_options);
  add_spof(app, spof_options);
  CLI::App& recover_command = *app.add_subcommand("recover", "Undo what a dead agent left behind");
  recover_command.add_flag("--dry-run", recover_options.dry_run, "Only say what would be undone");
  recover_command.add_flag("--quiet", recover_options.quiet, "Only the exit code, and errors");
  recover_command.add_flag("--json", recover_options.json, "As JSON");
  app.add_subcommand("faults", "List what is in force on this machine")
      ->add_flag("--json", faults_options.json, "As JSON");
  CLI::App& stop_command = *app.add_subcommand("stop", "End a run that another terminal started");
  stop_command.add_option("RUN", stop_options.run, "The run's folder (runs/latest), or its id")
      ->required();
  stop_command.add_flag("--now", stop_options.now, "Do not wait for answers that are under way");
  stop_command.add_flag("--no-wait", stop_options.no_wait, "Do not wait until the run has ended");
  CLI::App& ctl_command =
      *app.add_subcommand("ctl", "Change a run that another terminal started, while it goes on");
  ctl_command.add_option("RUN", ctl_options.run, "The run's folder (runs/latest), or its id")
      ->required();
  ctl_command
      .add_option("ORDER", ctl_options.words,
                  "rate LOAD RATE (2000/s, to the end of its schedule), pause, resume (open loads "
                  "alone), fault stop NAME (undone now, not applied again), or stop")
      ->required();
  app.add_subcommand("version", "Print the version");
  CLI::App& reaper_command = *app.add_subcommand("reaper", "")->group("");
  reaper_command.add_option("--journal", journal)->required();
  reaper_command.add_option("--fd", fd)->required();
  CLI::App& pressure_command = *app.add_subcommand("pressure", "")->group("");
  pressure_command.add_option("--line", fd)->required();
  pressure_command.add_option("ORDER", order)->required();
  CLI::App& witness_command = *app.add_subcommand("witness", "")->group("");
  witness_command.add_option("AGENT", agent_of_witness)->required();
  for (const char* later : {"serve", "report"}) {
    app.add_subcommand(later, "Not supported yet by this version")->allow_extras();
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    // --help and --version are "problems" with exit code 0.
    return app.exit(problem) == 0 ? kExitOk : kExitUsage;
  }

  const std::string chosen = app.get_subcommands().front()->get_name();
  if (ends_when_told(chosen)) Interrupts::unblock();
  if (chosen == "run") return run(run_options);
  if (chosen == "compare") return compare(compare_options);
  if (chosen == "plan") return plan(plan_options);
  if (chosen == "validate") return validate(validate_options);
  if (chosen == "agent") return agent(agent_options);
  if (chosen == "certs") return certs(certs_options);
  if (chosen == "target") return target(target_options);
  if (chosen == "recover") return recover(recover_options);
  if (chosen == "faults") return list_faults(faults_options);
  if (chosen == "stop") return stop(stop_options);
  if (chosen == "ctl") return ctl(ctl_options);
  if (chosen == "spof") return spof(spof_options);
  if (chosen == "reaper") return reaper(journal, fd);
  if (chosen == "witness") return witness();
  if (chosen == "pressure") return pressure(order, fd);
  if (chosen == "version") {
    fmt::print("squall {}\n", version());
    return kExitOk;
  }
  fmt::print(stderr, "squall {}: not supported yet\n", chosen);
  return kExitUsage;
}

}  // namespace squall::cli
