#include "scenarios/parse/document.h"

#include <exception>
#include <system_error>

#include "scenarios/parse/mistakes.h"
#include "scenarios/parse/yaml.h"

namespace squall::scenarios {

Result<void> read_document(std::string_view text, const std::string& source,
                           const std::function<void(Reading& reading, const Node& root)>& take) {
  Mistakes mistakes;
  try {
    if (const auto root = read_yaml(text, 0, mistakes)) {
      Reading reading{mistakes, {}, {}, {}, {}, {}, {}, {}};
      take(reading, *root);
    }
  } catch (const std::exception& exception) {  // std::bad_alloc, or a bug of a library.
    mistakes.add({}, std::string("cannot be read: ") + exception.what());
  }
  if (mistakes.empty()) return {};
  std::string all;
  for (const Mistake& mistake : mistakes.listed({source})) {
    all += (all.empty() ? "" : "\n") + mistake.text();
  }
  return error(std::errc::invalid_argument, all);
}

}  // namespace squall::scenarios
