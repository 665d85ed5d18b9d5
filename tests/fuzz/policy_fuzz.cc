// The policy of an agent, from a file: whatever it says, load never goes to what is no address.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "harness/agent/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = squall::agent::Policy::parse(text, "policy.yaml");
  if (!policy) return 0;
  squall::generators::TargetSpec target;
  target.urls.push_back({.scheme = "http", .host = "no address", .port = 1, .path = "/"});
  if (policy->against(target).size() != 1) std::abort();
  target.urls.front().host = "10.0.0.1";
  static_cast<void>(policy->against(target));
  return 0;
}
