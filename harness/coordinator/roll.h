#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <control.pb.h>

#include "harness/base/result.h"
#include "harness/trust/identity.h"

namespace squall::coordinator {

/// An agent that asks to be taken: who it is, and the labels by which loads and faults find it.
struct Applicant {
  std::string name;
  std::map<std::string, std::string> labels;
};

/// Who says hello. What its certificate pins (the name, and each label of it) wins over what it
/// says of itself; but a certificate of `edge` also serves agents that say they are `edge.3`, so
/// that one can be for all that are started from one template. An Error, with
/// std::errc::protocol_not_supported, when it is of another version; also when a word is no name.
Result<Applicant> applicant(const wire::Hello& hello, const std::optional<trust::Identity>& peer);

/// So many agents that have this label: "role=edge:3". Without a label, any: "3".
struct ExpectedAgents {
  std::string key;  ///< Empty: any agent.
  std::string value;
  std::size_t count = 1;

  bool is_met_by(const std::map<std::string, std::string>& labels) const;
  bool operator==(const ExpectedAgents&) const = default;
};

/// "role=edge:3,role=load" (1 where no number is given); nothing expected is an Error.
Result<std::vector<ExpectedAgents>> parse_expected(std::string_view text);

/// Who has come of those that a run waits for. An agent is taken while something that fits it is
/// still missing, and counts for all that fits it; nobody is taken beyond that, so that the same
/// expectation always makes a fleet of the same kind.
///
/// Lifecycle:  a value; lives while agents are gathered.
/// Threads:    one owner at a time.
/// Errors:     admit() says in words for the agent why it is not taken.
class Roll {
 public:
  explicit Roll(std::vector<ExpectedAgents> expected) : expected_(std::move(expected)) {}

  Result<void> admit(const Applicant& agent);
  /// It has gone before the run began.
  void strike(const std::string& name) { present_.erase(name); }
  bool is_complete() const { return missing().empty(); }
  /// "role=edge: 2 of 3", for each that is not met.
  std::vector<std::string> missing() const;

 private:
  std::size_t count(const ExpectedAgents& expected) const;

  std::vector<ExpectedAgents> expected_;
  std::map<std::string, std::map<std::string, std::string>> present_;  // Labels, by name.
};

}  // namespace squall::coordinator
