#include "harness/cli/fleet_options.h"

#include <map>
#include <string>
#include <system_error>
#include <utility>

#include "harness/base/files.h"
#include "harness/control/address.h"
#include "harness/coordinator/placement.h"
#include "harness/trust/own_certificate.h"
#include "scenarios/parse/values.h"

namespace squall::cli {
namespace {

Error wrong(const std::string& what) { return error(std::errc::invalid_argument, what); }

Result<coordinator::Fleet> fleet_that_dials_in(const RunCommand& command) {
  coordinator::Fleet fleet;
  fleet.listen = command.listen;
  if (const auto address = control::check_address(fleet.listen); !address) {
    return wrong("--listen " + address.error().trail);
  }
  SQUALL_TRY(fleet.credentials,
             read_credentials(command.credentials, trust::Identity::Role::kCoordinator));
  if (!fleet.credentials && !control::is_on_this_machine(fleet.listen)) {
    return wrong("--listen " + fleet.listen +
                 ": needs --ca, --cert and --key: squall certs makes them");
  }
  auto expected = coordinator::parse_expected(command.expect);
  if (!expected) return std::move(expected).error().within("--expect");
  fleet.expected = *std::move(expected);
  return fleet;
}

Result<coordinator::Fleet> fleet_over_ssh(const std::string& place) {
  constexpr std::string_view kSsh = "ssh:";
  if (!place.starts_with(kSsh)) {
    return wrong("--place " + place + ": expected ssh:FILE, the file of its hosts");
  }
  coordinator::Fleet fleet;
  SQUALL_TRY(fleet.placed, coordinator::read_ssh_hosts(place.substr(kSsh.size())));
  fleet.expected.push_back({.key = {}, .value = {}, .count = fleet.placed->hosts.size()});
  return fleet;
}

}  // namespace

Result<std::optional<control::Credentials>> read_credentials(const CredentialFiles& files,
                                                             trust::Identity::Role role) {
  if (files.authority.empty()) return std::optional<control::Credentials>();
  control::Credentials credentials;
  SQUALL_TRY(credentials.authority, read_file(files.authority));
  SQUALL_TRY(credentials.own.certificate, read_file(files.certificate));
  SQUALL_TRY(credentials.own.key, read_file(files.key));
  if (const auto checked = trust::check_own(credentials.own, role); !checked) {
    return wrong("--cert " + files.certificate + ", --key " + files.key + ": " +
                 checked.error().trail);
  }
  if (const auto believed = trust::check_believed(credentials.own, role, credentials.authority);
      !believed) {
    return wrong("--ca " + files.authority + ", --cert " + files.certificate + ": " +
                 believed.error().trail);
  }
  return std::optional(std::move(credentials));
}

Result<std::map<std::string, std::string>> read_labels(const std::vector<std::string>& given) {
  std::map<std::string, std::string> labels;
  for (const std::string& label : given) {
    const std::size_t equals = label.find('=');
    const std::string key = label.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : label.substr(equals + 1);
    if (!trust::is_name(key) || !trust::is_name(value)) {
      return wrong("--label " + label +
                   ": expected key=value, of letters, digits, '.', '-' or '_'");
    }
    if (!labels.emplace(key, value).second) return wrong("--label " + key + ": given twice");
  }
  if (const auto weight = coordinator::weight_of(labels); !weight) {
    return wrong("--" + weight.error().trail);
  }
  return labels;
}

Result<std::optional<coordinator::Fleet>> read_fleet(const RunCommand& command,
                                                     const std::vector<ScenarioFile>& files) {
  if (command.listen.empty() && !command.credentials.authority.empty()) {
    return wrong("--ca, --cert and --key are for agents that join: they need --listen");
  }
  if (command.listen.empty() && command.place.empty()) {
    if (command.wait)
      return wrong("--wait is for agents of other machines: it needs --listen or --place");
    return std::optional<coordinator::Fleet>();
  }
  const std::string option = command.place.empty() ? "--listen" : "--place";
  coordinator::Fleet fleet;
  if (command.place.empty()) {
    SQUALL_TRY(fleet, fleet_that_dials_in(command));
  } else {
    SQUALL_TRY(fleet, fleet_over_ssh(command.place));
  }
  const auto wait = scenarios::kDuration.parse(command.wait.value_or("30s"));
  if (!wait.value) return wrong("--wait: " + wait.mistake);
  fleet.patience = *wait.value;
  if (files.size() > 1) return wrong(option + ": one scenario at a time");
  for (const ScenarioFile& file : files) {
    if (file.parsed.scenario.services.empty()) continue;
    return wrong(file.path + ": services are started by local agents, not with " + option);
  }
  return std::optional(std::move(fleet));
}

}  // namespace squall::cli
