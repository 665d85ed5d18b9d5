#include "faults/core/audit.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <fstream>
#include <limits>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <pwd.h>
#include <unistd.h>

#include "harness/base/unique_fd.h"

namespace squall::faults {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// RFC 3339, to the millisecond.
std::string now_in_utc() {
  using namespace std::chrono;
  const auto now = floor<milliseconds>(system_clock::now());
  const auto whole = floor<seconds>(now);
  const std::time_t time = system_clock::to_time_t(whole);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     (now - whole).count());
}

/// The user's name; his number where he has none.
std::string name_of(uid_t user) {
  constexpr std::size_t kLongest = 4096;
  std::array<char, kLongest> text{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(user, &entry, text.data(), text.size(), &found) == 0 && found != nullptr) {
    return found->pw_name;
  }
  return std::to_string(user);
}

/// Whoever logged in, whatever user he became since; none where nobody did.
std::optional<uid_t> login_of_this_process() {
  std::ifstream file("/proc/self/loginuid");
  uid_t user = 0;
  if (!(file >> user) || user == std::numeric_limits<uid_t>::max()) return {};
  return user;
}

std::string what_became(RecoveredChange::Outcome outcome) {
  switch (outcome) {
    case RecoveredChange::Outcome::kUndone:
      return "undone";
    case RecoveredChange::Outcome::kNothingWasLeft:
      return "nothing_was_left";
    case RecoveredChange::Outcome::kWouldUndo:
      return "would_undo";
    case RecoveredChange::Outcome::kFailed:
      return "residue";
  }
  return "unknown";
}

}  // namespace

fs::path audit_file(const fs::path& state) { return state / "audit.jsonl"; }

Result<void> append_audit(const fs::path& file, const AuditEntry& entry) {
  Json json = {{"at", now_in_utc()}, {"what", entry.what}};
  const auto put = [&](const char* key, const std::string& value) {
    if (!value.empty()) json[key] = value;
  };
  put("run", entry.run);
  put("subject", entry.subject);
  put("asked", entry.asked);
  put("detail", entry.detail);
  json["user"] = name_of(::geteuid());
  if (const auto login = login_of_this_process()) json["login"] = name_of(*login);
  json["pid"] = ::getpid();
  const std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';

  constexpr mode_t kForThisUser = S_IRUSR | S_IWUSR;
  const UniqueFd log(
      ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kForThisUser));
  if (!log) return error(static_cast<std::errc>(errno), "open the audit log " + file.string());
  const ssize_t written = ::write(log.get(), line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size())) {
    const auto why = written < 0 ? static_cast<std::errc>(errno) : std::errc::no_space_on_device;
    return error(why, "write the audit log " + file.string());
  }
  return {};
}

std::vector<AuditEntry> audit_of(const RecoveryReport& report, const std::string& who) {
  std::vector<AuditEntry> entries;
  for (const RecoveredChange& change : report.changes) {
    entries.push_back({.what = who + "." + what_became(change.outcome),
                       .run = change.journal.parent_path().filename().string(),
                       .subject = change.intent,
                       .asked = change.undo,
                       .detail = change.trouble});
  }
  for (const std::string& trouble : report.troubles) {
    entries.push_back(
        {.what = who + ".trouble", .run = {}, .subject = {}, .asked = {}, .detail = trouble});
  }
  return entries;
}

}  // namespace squall::faults
