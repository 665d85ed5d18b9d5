#pragma once

#include "faults/spec/fault_spec.h"
#include "scenarios/parse/reader.h"

namespace squall::scenarios {

/// One function for each section of the file: each reads its node into `reading.scenario`, and
/// tells what is wrong with it. Those that refer to others by name look in `reading.names`.
void read_services(Reading& reading, const Node& section);
void read_targets(Reading& reading, const Node& section);
void read_loads(Reading& reading, const Node& section);
void read_data(Reading& reading, const Node& section);
void read_faults(Reading& reading, const Node& section);  ///< After the services.
void read_objectives(Reading& reading, const Node& section);
void read_guards(Reading& reading, const Node& section);
void read_probes(Reading& reading, const Node& section);
void read_steady(Reading& reading, const Node& section);   ///< After the loads.
void read_domains(Reading& reading, const Node& section);  ///< After the services.
void read_safety(Reading& reading, const Node& section);
void read_agents(Reading& reading, const Node& section);
void read_matrix(Reading& reading, const Node& section);    ///< After the faults.
void read_capacity(Reading& reading, const Node& section);  ///< After all others.

/// `requests` or `flow` of a load.
void read_requests(Reading& reading, const Node& node, const std::string& what,
                   generators::LoadSpec& load);
/// `replay` of a load, with what its file holds.
generators::ReplaySpec read_replay(Reading& reading, const Node& node, const std::string& what);
/// `expect` of a request or a probe.
generators::ExpectSpec read_expect(Reading& reading, const Node& node, const std::string& what);
/// `on: {agents: {role: edge}}`.
std::map<std::string, std::string> read_labels(Reading& reading, const Node& node,
                                               const std::string& what);
/// A file that must be there, by its path relative to the scenario's directory.
std::optional<std::string> read_file_name(Reading& reading, const Node& node);
/// A folder for what is written during a run, by its path relative to the scenario's directory: it
/// need not be there, but must be one that can be made and written to. Nothing is made.
std::optional<std::string> read_folder_name(Reading& reading, const Node& node);
/// The names of the columns of a table, by its path relative to the scenario's directory.
Result<std::vector<std::string>> read_table_columns(const Reading& reading,
                                                    const std::string& file);
/// An http or https URL.
std::optional<generators::Url> read_url(Reading& reading, const Node& node);

/// What a fault does, one function for each key that says so.
faults::ProcessFault read_process_fault(Reading& reading, const Node& node,
                                        const std::string& what);
faults::NetworkFault read_network_fault(Reading& reading, const Node& node,
                                        const std::string& what);
faults::LinkFault read_link_fault(Reading& reading, const Node& node, const std::string& what);
faults::QuicFault read_quic_fault(Reading& reading, const Node& node, const std::string& what);
faults::PressureFault read_pressure_fault(Reading& reading, const Node& node,
                                          const std::string& resource, const std::string& what);
/// A service ("web") or one instance of it ("web.1").
std::optional<std::string> read_service_name(Reading& reading, const Node& node,
                                             const std::string& what);
/// `match` of a process fault, `namespace_of` of a network fault.
faults::ProcessMatch read_process_match(Reading& reading, const Node& node,
                                        const std::string& what);

}  // namespace squall::scenarios
