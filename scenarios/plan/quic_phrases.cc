#include <string>

#include "scenarios/plan/phrases.h"

namespace squall::scenarios {

std::string quic_words(const faults::QuicFault& fault) {
  std::string text;
  const auto add = [&](const std::string& what) { text += (text.empty() ? "" : ", ") + what; };
  if (fault.rebind_every) add("a new source port every " + in_words(*fault.rebind_every));
  if (fault.migrate_every) {
    std::string to;
    for (const std::string& address : fault.migrate_to) to += (to.empty() ? "" : ", ") + address;
    add("migrations to " + to + " every " + in_words(*fault.migrate_every));
  }
  if (fault.update_keys_every) add("new keys every " + in_words(*fault.update_keys_every));
  if (fault.delay > Duration::zero()) add("delay " + in_words(fault.delay));
  if (fault.loss.value > 0) add("loss " + in_words(fault.loss));
  if (fault.duplicate.value > 0) add("duplicates " + in_words(fault.duplicate));
  if (fault.reorder.value > 0) add("reorder " + in_words(fault.reorder));
  if (fault.mtu) {
    add("datagrams of more than " + std::to_string(fault.mtu->count) + " bytes vanish");
  }
  return "quic of load " + fault.load + ": " + text;
}

}  // namespace squall::scenarios
