#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "faults/spec/fault_spec.h"
#include "generators/spec/load_spec.h"
#include "harness/base/units.h"
#include "scenarios/model/scenario.h"

namespace squall::scenarios {

/// A number as people write it: at most six digits, no zeros at the end.
std::string number(double value);
/// "8 s", "250 ms", "1.5 s", "2 min 30 s", "30 d".
std::string in_words(Duration length);
/// "1000/s", "0.5/s".
std::string in_words(Rate rate);
/// "64 MiB", "1.5 GiB", "100 B".
std::string in_words(Bytes size);
/// "99.9 %".
std::string in_words(Share share);
/// "p99 at most 250 ms".
std::string in_words(const LimitSpec& limit);

/// Which processes are meant: "service web", "unit nginx.service".
std::string victims(const faults::ProcessMatch& match);
/// What a fault will do, in words: "signal KILL to 1 of 2 of service web (seeded pick)".
std::string what_happens(const faults::FaultSpec& fault, const Scenario& scenario);
/// The same of a link fault: "link to target edge: delay 20 ms, loss 2 %, by a relay at …".
std::string link_words(const faults::LinkFault& fault);
/// The same of pressure: "memory: 64 MiB are held, in cgroup web".
std::string quic_words(const faults::QuicFault& fault);
std::string pressure_words(const faults::PressureFault& fault);
/// Where a network fault happens: "eth0 in the network namespace of service web".
std::string place_of(const faults::NetworkFault& fault);
/// "constant, 0/s to 1000/s" or "50 users, thinking 200 ms (exponential)".
std::string how_it_is_sent(const generators::LoadSpec& load);
/// "load browse: status < 500, goal 99.9 %".
std::string what_is_promised(const ObjectiveSpec& objective);
/// "browse.error_share > 20% for 5 s, at least 100 samples".
std::string what_is_guarded(const GuardSpec& guard);
/// "h2".
std::string_view protocol_name(generators::Protocol protocol);

/// `text` without control characters and, unless `unicode`, without anything but ASCII.
std::string printable(std::string_view text, bool unicode);

}  // namespace squall::scenarios
