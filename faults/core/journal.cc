#include "faults/core/journal.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace squall::faults {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "journal-";
constexpr std::string_view kSuffix = ".jsonl";

Error last_error(std::string_view doing) { return error(static_cast<std::errc>(errno), doing); }

Result<void> sync_directory(const fs::path& directory) {
  const UniqueFd opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return last_error("open " + directory.string());
  if (::fsync(opened.get()) != 0) return last_error("sync " + directory.string());
  return {};
}

std::string name_for(const JournalOwner& owner) {
  return std::string(kPrefix) + std::to_string(owner.process.pid) + "-" +
         std::to_string(owner.process.start_ticks) + std::string(kSuffix);
}

std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

Result<std::string> boot_id() {
  std::ifstream stream("/proc/sys/kernel/random/boot_id");
  std::string id;
  if (!(stream >> id)) return error(std::errc::io_error, "read the boot id");
  return id;
}

Result<JournalOwner> this_owner(ProcessTable& table) {
  SQUALL_TRY(auto boot, boot_id());
  SQUALL_TRY(const auto self, table.look_up(::getpid()));
  return JournalOwner{self.id, std::move(boot)};
}

bool is_journal(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.starts_with(kPrefix) && name.ends_with(kSuffix);
}

Journal::Journal(fs::path directory, fs::path file, JournalOwner owner, UniqueFd descriptor)
    : directory_(std::move(directory)),
      file_(std::move(file)),
      owner_(std::move(owner)),
      descriptor_(std::move(descriptor)) {}

Result<std::unique_ptr<Journal>> Journal::open(const fs::path& directory, JournalOwner owner) {
  std::error_code trouble;
  const fs::path whole = fs::absolute(directory, trouble);
  if (!trouble) fs::create_directories(whole, trouble);
  if (trouble) return Error{trouble, "make the journal's directory " + directory.string()};
  const fs::path file = whole / name_for(owner);
  UniqueFd descriptor(::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (!descriptor) return last_error("open the journal " + file.string());

  const JournalContents before = read_journal(text_of(file));
  std::unique_ptr<Journal> journal(
      new Journal(whole, file, std::move(owner), std::move(descriptor)));
  journal->next_ = before.highest + 1;
  journal->is_torn_ = before.is_torn;
  for (const JournalEntry& entry : before.open) {
    journal->open_.insert(entry.number);
    journal->in_force_.emplace(entry.number, entry.change.undo);
  }
  if (!before.owner) {
    if (auto written = journal->append(owner_line(journal->owner_), true); !written) {
      return std::move(written).error();
    }
  }
  if (auto synced = sync_directory(whole); !synced) return std::move(synced).error();
  return journal;
}

Result<std::vector<std::uint64_t>> Journal::record(const std::vector<Change>& changes) {
  const std::scoped_lock lock(mutex_);
  std::vector<std::uint64_t> numbers;
  std::string lines;
  for (const Change& change : changes) {
    numbers.push_back(next_++);
    lines += entry_line({numbers.back(), owner_.boot_id, change});
  }
  if (auto written = append(lines, true); !written) return std::move(written).error();
  if (auto synced = sync_directory(directory_); !synced) return std::move(synced).error();
  open_.insert(numbers.begin(), numbers.end());
  for (std::size_t at = 0; at < numbers.size(); ++at) {
    in_force_.emplace(numbers[at], changes[at].undo);
  }
  return numbers;
}

Result<std::uint64_t> Journal::record(const Change& change) {
  SQUALL_TRY(const auto numbers, record(std::vector{change}));
  return numbers.front();
}

Result<void> Journal::mark_done(std::uint64_t number) {
  const std::scoped_lock lock(mutex_);
  in_force_.erase(number);
  // Not synced: a line lost with the machine only makes recover() look once more and find nothing.
  if (auto written = append(done_line(number), false); !written) return written;
  open_.erase(number);
  return {};
}

bool Journal::any_in_force(const std::function<bool(const Undo&)>& is_such) const {
  const std::scoped_lock lock(mutex_);
  return std::any_of(in_force_.begin(), in_force_.end(),
                     [&](const auto& one) { return is_such(one.second); });
}

bool Journal::leave_to_another(std::uint64_t number) {
  const std::scoped_lock lock(mutex_);
  const auto mine = in_force_.find(number);
  if (mine == in_force_.end()) return false;
  const bool is_shared = std::any_of(in_force_.begin(), in_force_.end(), [&](const auto& one) {
    return one.first != number && one.second == mine->second;
  });
  if (is_shared) in_force_.erase(mine);
  return is_shared;
}

std::size_t Journal::open_changes() const {
  const std::scoped_lock lock(mutex_);
  return open_.size();
}

Result<void> Journal::close() {
  const std::scoped_lock lock(mutex_);
  if (!descriptor_) return {};
  if (open_.empty() && ::unlink(file_.c_str()) != 0 && errno != ENOENT) {
    return last_error("remove the journal " + file_.string());
  }
  descriptor_.reset();
  return {};
}

Result<void> Journal::append(const std::string& lines, bool durably) {
  if (!descriptor_) return error(std::errc::bad_file_descriptor, "write to a closed journal");
  const std::string text = (is_torn_ ? std::string(kTornEnd) : std::string()) + lines;
  const ssize_t written = ::write(descriptor_.get(), text.data(), text.size());
  if (written < 0) return last_error("write the journal " + file_.string());
  is_torn_ = static_cast<std::size_t>(written) != text.size();
  if (is_torn_) {
    return error(std::errc::no_space_on_device, "write the journal " + file_.string());
  }
  if (durably && ::fsync(descriptor_.get()) != 0) {
    return last_error("sync the journal " + file_.string());
  }
  return {};
}

}  // namespace squall::faults
