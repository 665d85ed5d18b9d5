#include "faults/core/journal_text.h"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <limits>
#include <map>
#include <utility>

#include <nlohmann/json.hpp>

namespace squall::faults {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;

/// The number of `key`, when there is one of at most `most`.
std::optional<std::uint64_t> number_of(
    const Json& object, const char* key,
    std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned()) return {};
  const auto value = found->get<std::uint64_t>();
  return value <= most ? std::optional(value) : std::nullopt;
}

std::optional<std::string> text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return {};
  return found->get<std::string>();
}

std::optional<ProcessId> process_from(const Json& object) {
  const auto pid = number_of(object, "pid", std::numeric_limits<pid_t>::max());
  const auto start_ticks = number_of(object, "start_ticks");
  if (!pid || *pid <= 1 || !start_ticks) return {};
  return ProcessId{static_cast<pid_t>(*pid), *start_ticks};
}

Json to_json(const ProcessId& process) {
  return {{"pid", process.pid}, {"start_ticks", process.start_ticks}};
}

/// Bytes as pairs of hexadecimal digits.
std::string to_hex(const std::string& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += kDigits[value >> 4U];
    text += kDigits[value & 15U];
  }
  return text;
}

std::optional<std::string> from_hex(const std::string& text) {
  std::string bytes;
  if (text.size() % 2 != 0) return {};
  for (std::size_t at = 0; at < text.size(); at += 2) {
    unsigned value = 0;
    const char* end = text.data() + at + 2;
    if (std::from_chars(text.data() + at, end, value, 16).ptr != end) return {};
    bytes += static_cast<char>(value);
  }
  return bytes;
}

std::optional<TreePart> part_from(const Json& object) {
  constexpr auto kMost = std::numeric_limits<std::uint32_t>::max();
  const auto what = number_of(object, "what", 2);
  const auto parent = number_of(object, "parent", kMost);
  const auto handle = number_of(object, "handle", kMost);
  const auto info = number_of(object, "info", kMost);
  const auto kind = text_of(object, "kind");
  const auto options = text_of(object, "options");
  const auto bytes = options ? from_hex(*options) : std::nullopt;
  if (!what || !parent || !handle || !info || !kind || !bytes) return {};
  return TreePart{static_cast<TreePart::What>(*what),
                  static_cast<std::uint32_t>(*parent),
                  static_cast<std::uint32_t>(*handle),
                  static_cast<std::uint32_t>(*info),
                  *kind,
                  *bytes};
}

Json to_json(const TreePart& part) {
  return {{"what", static_cast<int>(part.what)},
          {"parent", part.parent},
          {"handle", part.handle},
          {"info", part.info},
          {"kind", part.kind},
          {"options", to_hex(part.options)}};
}

std::optional<RootBefore> root_from(const Json& object) {
  const auto kind = text_of(object, "kind");
  const auto handle = number_of(object, "handle", std::numeric_limits<std::uint32_t>::max());
  const auto options = text_of(object, "options");
  const auto bytes = options ? from_hex(*options) : std::nullopt;
  if (!kind || !handle || !bytes) return {};
  RootBefore root{*kind, static_cast<std::uint32_t>(*handle), *bytes, {}};
  const auto tree = object.find("tree");
  if (tree == object.end()) return root;
  if (!tree->is_array()) return {};
  for (const Json& one : *tree) {
    auto part = one.is_object() ? part_from(one) : std::nullopt;
    if (!part) return {};
    root.tree.push_back(*std::move(part));
  }
  return root;
}

std::optional<Undo> network_from(const Json& object) {
  const auto space = number_of(object, "space");
  const auto interface = number_of(object, "interface", std::numeric_limits<int>::max());
  if (!space || !interface) return {};
  NetworkUndo undo;
  undo.space = *space;
  undo.interface = static_cast<int>(*interface);
  undo.interface_name = text_of(object, "interface_name").value_or("");
  undo.table = text_of(object, "table").value_or("");
  undo.ifb = text_of(object, "ifb");
  if (const auto root = object.find("root"); root != object.end()) {
    undo.root = root_from(*root);
    if (!undo.root) return {};
  }
  if (const auto classes = object.find("classes"); classes != object.end()) {
    if (!classes->is_array()) return {};
    for (const Json& handle : *classes) {
      if (!handle.is_number_unsigned()) return {};
      undo.classes.push_back(handle.get<std::uint32_t>());
    }
  }
  if (!is_ours(undo)) return {};
  return undo;
}

Json to_json(const NetworkUndo& undo) {
  Json object = {{"kind", "network"},
                 {"space", undo.space},
                 {"interface", undo.interface},
                 {"interface_name", undo.interface_name},
                 {"table", undo.table}};
  if (undo.ifb) object["ifb"] = *undo.ifb;
  if (!undo.classes.empty()) object["classes"] = undo.classes;
  if (undo.root) {
    object["root"] = {{"kind", undo.root->kind},
                      {"handle", undo.root->handle},
                      {"options", to_hex(undo.root->options)}};
    for (const TreePart& part : undo.root->tree) object["root"]["tree"].push_back(to_json(part));
  }
  return object;
}

std::optional<Undo> hang_from(const Json& object) {
  const auto folder = text_of(object, "cgroup");
  if (!folder || folder->find('\0') != std::string::npos) return {};
  HangUndo undo{*folder};
  if (!is_ours(undo)) return {};
  return undo;
}

std::optional<Undo> undo_from(const Json& object) {
  const auto kind = text_of(object, "kind");
  if (kind == "network") return network_from(object);
  if (kind == "hang") return hang_from(object);
  const auto process = process_from(object);
  if (!kind || !process) return {};
  if (*kind == "kill") return KillUndo{*process};
  if (*kind == "limit") {
    const auto soft = number_of(object, "soft");
    const auto lowered = number_of(object, "lowered");
    if (!soft || !lowered || *lowered >= *soft) return {};
    // A journal of an earlier version knows neither.
    const auto telling = object.find("telling");
    const bool is_telling =
        telling != object.end() && telling->is_boolean() && telling->get<bool>();
    return LimitUndo{*process, *soft, *lowered, number_of(object, "since").value_or(0), is_telling};
  }
  if (*kind == "signal" && number_of(object, "signal") == SIGCONT) return ContinueUndo{*process};
  return {};
}

Json to_json(const Undo& undo) {
  if (const auto* stopped = std::get_if<ContinueUndo>(&undo)) {
    Json object = to_json(stopped->process);
    object["kind"] = "signal";
    object["signal"] = SIGCONT;
    return object;
  }
  if (const auto* network = std::get_if<NetworkUndo>(&undo)) return to_json(*network);
  if (const auto* limit = std::get_if<LimitUndo>(&undo)) {
    Json object = to_json(limit->process);
    object["kind"] = "limit";
    object["soft"] = limit->soft;
    object["lowered"] = limit->lowered;
    object["since"] = limit->since_ticks;
    object["telling"] = limit->is_telling;
    return object;
  }
  if (const auto* hung = std::get_if<HangUndo>(&undo)) {
    return {{"kind", "hang"}, {"cgroup", hung->folder.string()}};
  }
  Json object = to_json(std::get<KillUndo>(undo).leader);
  object["kind"] = "kill";
  return object;
}

std::optional<JournalOwner> owner_from(const Json& line) {
  const auto boot = text_of(line, "boot");
  const auto owner = line.find("owner");
  if (number_of(line, "journal") != kVersion || !boot || owner == line.end()) return {};
  const auto process = process_from(*owner);
  if (!process) return {};
  return JournalOwner{*process, *boot};
}

std::optional<JournalEntry> entry_from(const Json& line) {
  const auto number = number_of(line, "entry");
  const auto boot = text_of(line, "boot");
  const auto found = line.find("undo");
  if (!number || !boot || found == line.end()) return {};
  const auto undo = undo_from(*found);
  if (!undo) return {};
  return JournalEntry{
      *number,
      *boot,
      {text_of(line, "intent").value_or(""), text_of(line, "prior").value_or(""), *undo}};
}

/// Takes one line into `contents`; false when it makes no sense.
bool take(const Json& line, JournalContents& contents,
          std::map<std::uint64_t, JournalEntry>& open) {
  if (!line.is_object()) return false;
  if (const auto done = number_of(line, "done")) {
    open.erase(*done);
    return true;
  }
  if (auto owner = owner_from(line)) {
    contents.owner = std::move(owner);
    return true;
  }
  auto entry = entry_from(line);
  if (!entry) return false;
  const std::uint64_t number = entry->number;
  contents.highest = std::max(contents.highest, number);
  return open.emplace(number, *std::move(entry)).second;
}

/// Words may come from a command line, so they need not be UTF-8.
std::string to_line(const Json& object) {
  return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

JournalContents read_journal(std::string_view text) {
  JournalContents contents;
  std::map<std::uint64_t, JournalEntry> open;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    contents.is_torn = end == std::string_view::npos;
    text.remove_prefix(contents.is_torn ? text.size() : end + 1);
    if (line.empty() || contents.is_torn || line.back() == kTornEnd.front()) continue;
    const Json parsed = Json::parse(line, nullptr, false);
    if (!take(parsed, contents, open)) ++contents.unreadable;
  }
  for (auto& [number, entry] : open) contents.open.push_back(std::move(entry));
  return contents;
}

std::string owner_line(const JournalOwner& owner) {
  return to_line(
      {{"journal", kVersion}, {"boot", owner.boot_id}, {"owner", to_json(owner.process)}});
}

std::string entry_line(const JournalEntry& entry) {
  return to_line({{"entry", entry.number},
                  {"boot", entry.boot_id},
                  {"intent", entry.change.intent},
                  {"prior", entry.change.prior},
                  {"undo", to_json(entry.change.undo)}});
}

std::string done_line(std::uint64_t number) { return to_line({{"done", number}}); }

}  // namespace squall::faults
