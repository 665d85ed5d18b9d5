#include "harness/coordinator/roll.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "harness/base/reason.h"
#include "harness/control/protocol.h"
#include "harness/coordinator/placement.h"
#include "harness/trust/known_name.h"

namespace squall::coordinator {
namespace {

constexpr std::size_t kMostAgents = 10'000;

Error not_taken(const std::string& why) { return reason(std::errc::operation_not_permitted, why); }

std::string what(const ExpectedAgents& expected) {
  return expected.key.empty() ? "agents" : expected.key + "=" + expected.value;
}

Result<ExpectedAgents> parse_one(std::string_view text) {
  const auto wrong = [&] {
    return error(std::errc::invalid_argument,
                 fmt::format("{}: expected key=value:number, or a number of any agents", text));
  };
  ExpectedAgents expected;
  std::string_view digits = text;
  if (const std::size_t equals = text.find('='); equals != std::string_view::npos) {
    const std::size_t colon = text.find(':', equals);
    expected.key = text.substr(0, equals);
    expected.value = text.substr(
        equals + 1, colon == std::string_view::npos ? std::string_view::npos : colon - equals - 1);
    if (!trust::is_name(expected.key) || !trust::is_name(expected.value)) return wrong();
    if (colon == std::string_view::npos) return expected;
    digits = text.substr(colon + 1);
  }
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, expected.count);
  if (read.ec != std::errc{} || read.ptr != end || expected.count == 0 ||
      expected.count > kMostAgents) {
    return wrong();
  }
  return expected;
}

}  // namespace

Result<Applicant> applicant(const wire::Hello& hello, const std::optional<trust::Identity>& peer) {
  Applicant agent{.name = peer ? trust::known_name(*peer, hello.name()) : hello.name(),
                  .labels = {hello.labels().begin(), hello.labels().end()}};
  if (!trust::is_name(agent.name)) return not_taken("its name is none");
  if (auto understood = control::understands(hello, agent.name); !understood) {
    return std::move(understood).error();
  }
  if (peer) {
    for (const auto& [key, value] : peer->labels) agent.labels[key] = value;
  }
  for (const auto& [key, value] : agent.labels) {
    if (!trust::is_name(key) || !trust::is_name(value)) {
      return not_taken(fmt::format("a label of agent {} is none", agent.name));
    }
  }
  if (const auto weight = weight_of(agent.labels); !weight) {
    return not_taken(fmt::format("agent {}: {}", agent.name, weight.error().trail));
  }
  return agent;
}

bool ExpectedAgents::is_met_by(const std::map<std::string, std::string>& labels) const {
  const auto found = labels.find(key);
  return key.empty() || (found != labels.end() && found->second == value);
}

Result<std::vector<ExpectedAgents>> parse_expected(std::string_view text) {
  std::vector<ExpectedAgents> all;
  while (true) {
    const std::size_t comma = text.find(',');
    SQUALL_TRY(ExpectedAgents one, parse_one(text.substr(0, comma)));
    all.push_back(std::move(one));
    if (comma == std::string_view::npos) return all;
    text.remove_prefix(comma + 1);
  }
}

Result<void> Roll::admit(const Applicant& agent) {
  if (present_.contains(agent.name)) {
    return not_taken("there is an agent named " + agent.name + " already");
  }
  const bool is_wanted =
      std::any_of(expected_.begin(), expected_.end(), [&](const ExpectedAgents& one) {
        return one.is_met_by(agent.labels) && count(one) < one.count;
      });
  if (!is_wanted) return not_taken("no agent with its labels is expected, or no more of them");
  present_[agent.name] = agent.labels;
  return {};
}

std::size_t Roll::count(const ExpectedAgents& expected) const {
  return static_cast<std::size_t>(
      std::count_if(present_.begin(), present_.end(),
                    [&](const auto& agent) { return expected.is_met_by(agent.second); }));
}

std::vector<std::string> Roll::missing() const {
  std::vector<std::string> lines;
  for (const ExpectedAgents& one : expected_) {
    const std::size_t here = count(one);
    if (here < one.count) lines.push_back(fmt::format("{}: {} of {}", what(one), here, one.count));
  }
  return lines;
}

}  // namespace squall::coordinator
