#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/parse/mistakes.h"
#include "scenarios/parse/node.h"

namespace squall::scenarios {

/// Puts what `${…}` stands for into the scalars of a file.
///
/// `vars`, `${env.NAME}` and `${squall}` are put in here. What can be known only later stays as it
/// is: `${instance}` and `${port(N)}` of services, and in requests what differs from one to the
/// next; texts put in there have their own `${` escaped as `$${`.
///
/// Lifecycle:  made from the `vars` section, used once for each other section.
/// Threads:    one (reads the environment).
/// Errors:     told to `mistakes`; the scalar is then marked as broken.
class Variables {
 public:
  Variables(Node* vars, std::string squall_program, Mistakes& mistakes);

  /// Fills the placeholders of the whole file, whose root is a map.
  void fill(Node& root);
  /// The names of the vars.
  const std::vector<std::string>& names() const { return names_; }

 private:
  enum class Context { kPlain, kService, kRequest };

  void fill(Node& node, Context context);
  void fill_load(Node& load);
  void fill_request(Node& request);
  void fill_scalar(Node& node, Context context);
  /// The text for one placeholder; none when it stays, or is a mistake.
  std::optional<std::string> text_for(const std::string& inside, Node& node, Context context);
  std::optional<std::string> unknown(const std::string& inside, Node& node, Context context);
  void check_service_placeholder(const std::string& inside, Node& node);
  bool spend(std::size_t bytes, Node& node);

  std::string squall_program_;
  Mistakes& mistakes_;  // NOLINT: stands on the stack of parse().
  std::map<std::string, Node, std::less<>> values_;
  std::vector<std::string> names_;
  std::size_t spent_ = 0;
};

}  // namespace squall::scenarios
