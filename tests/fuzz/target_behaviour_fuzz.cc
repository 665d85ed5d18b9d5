// What an admin may send: whatever is read is sound, and is written such that it is read the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "generators/target/admin.h"
#include "generators/target/behaviour.h"
#include "generators/target/behaviour_text.h"

using squall::generators::administer;
using squall::generators::Backend;
using squall::generators::check;
using squall::generators::parse_behaviour_text;
using squall::generators::parse_behaviours;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto table = parse_behaviours(text)) {
    for (const auto& [prefix, behaviour] : *table) {
      if (!check(behaviour)) std::abort();
    }
    const std::string written = to_json(*table);
    auto again = parse_behaviours(written);
    if (!again || to_json(*again) != written) std::abort();
  }
  if (auto read = parse_behaviour_text(text)) {
    if (!check(read->second)) std::abort();
  }
  // As admin requests: the first line is the path, the rest the body.
  const auto end = text.find('\n');
  const std::string_view path = text.substr(0, end);
  const std::string_view body =
      end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  Backend backend({}, 1);
  for (const std::string_view method : {"GET", "PUT", "PATCH", "POST", "DELETE"}) {
    const auto reply =
        administer({.method = method, .path = path, .body = body}, backend, {}, squall::Instant{});
    if (reply.status < 200 || reply.status > 599) std::abort();
  }
  // More than a limit of one has room for, and collected when whatever changes has changed.
  for (int stream = 1; stream <= 5; stream += 2) backend.arrive(path, {1, stream}, {});
  std::vector<squall::generators::Completion> due;
  for (int looks = 0; looks < 100; ++looks) {
    const auto next = backend.next_due();
    if (!next) break;
    backend.collect(*next, due);
  }
  if (due.size() > 3) std::abort();
  return 0;
}
