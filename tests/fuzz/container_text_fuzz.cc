// Any bytes as what engines keep of their containers: they are read without a crash, ids and names
// are such, and who is meant by a name runs.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "faults/process/container_text.h"
#include "faults/spec/container_name.h"

namespace {

using namespace squall::faults;  // NOLINT(google-build-using-namespace): a program of one file.

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string id(64, 'a');
  std::vector<NamedContainer> all = parse_stored_containers(text);
  if (auto one = parse_docker_container(text)) all.push_back(*one);
  if (auto one = parse_bundle(id, text)) all.push_back(*one);
  std::set<std::string> running{id};
  for (const NamedContainer& one : all) {
    require(one.id.size() == 64 && is_container_id(one.id) && !one.names.empty());
    require(std::all_of(one.names.begin(), one.names.end(),
                        [](const std::string& name) { return is_container_name(name); }));
    if (running.size() < 2) running.insert(one.id);
  }
  for (const NamedContainer& one : all) {
    const auto meant = container_meant(one.names.front(), running, all);
    require(!meant || running.contains(*meant));
  }
  const auto asked = container_meant(text.substr(0, 64), running, all);
  require(!asked || running.contains(*asked));
  return 0;
}
