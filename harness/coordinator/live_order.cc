#include "harness/coordinator/live_order.h"

#include <cerrno>
#include <chrono>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/reason.h"
#include "harness/base/unique_fd.h"
#include "harness/coordinator/run_lock.h"
#include "scenarios/parse/values.h"

namespace squall::coordinator {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr const char* kOrders = "orders";
constexpr const char* kAnswers = "answers";
constexpr std::chrono::milliseconds kTick{20};
/// Of the file: nobody needs so many, and a run reads no more.
constexpr std::size_t kMostBytes = 1 << 20;

Error failed(const std::string& doing) {
  return Error{std::error_code(errno, std::generic_category()), doing};
}

/// What of a file comes after its first `from` bytes.
std::string read_from(const fs::path& file, std::size_t from) {
  std::ifstream stream(file, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(from));
  if (!stream) return {};
  return {std::istreambuf_iterator<char>(stream), {}};
}

UniqueFd open_to_append(const fs::path& file) {
  constexpr mode_t kAllMayRead = 0644;
  return UniqueFd(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, kAllMayRead));
}

bool write_line(int fd, const std::string& line) {
  return ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

}  // namespace

Result<LiveOrder> parse_live_order(std::string_view text) {
  std::istringstream stream{std::string(text)};
  const std::vector<std::string> words{std::istream_iterator<std::string>(stream), {}};
  if (words.size() == 1 && words[0] == "pause") return LiveOrder{.kind = LiveOrder::Kind::kPause};
  if (words.size() == 1 && words[0] == "resume") return LiveOrder{.kind = LiveOrder::Kind::kResume};
  if (words.size() > 1 && (words[0] == "pause" || words[0] == "resume")) {
    return error(std::errc::invalid_argument,
                 words[0] + " stands alone: what is '" + words[1] + "'?");
  }
  if (words.size() == 3 && words[0] == "fault" && words[1] == "stop") {
    return LiveOrder{.kind = LiveOrder::Kind::kStopFault, .fault = words[2]};
  }
  if (words.size() != 3 || words[0] != "rate") {
    return error(std::errc::not_supported,
                 "expected rate LOAD RATE, pause, resume or fault stop NAME");
  }
  const auto rate = scenarios::kRate.parse(words[2]);
  if (!rate.value) return error(std::errc::invalid_argument, rate.mistake);
  return LiveOrder{.kind = LiveOrder::Kind::kRate, .load = words[1], .rate = *rate.value};
}

LiveOrders::LiveOrders(fs::path folder) : folder_(std::move(folder)) {
  std::error_code ignored;
  fs::remove(folder_ / kOrders, ignored);
  fs::remove(folder_ / kAnswers, ignored);
}

LiveOrders::~LiveOrders() {
  std::error_code ignored;
  fs::remove(folder_ / kOrders, ignored);
  fs::remove(folder_ / kAnswers, ignored);
}

std::vector<LiveOrders::Asked> LiveOrders::take() {
  std::vector<Asked> all;
  std::error_code failure;
  const auto size = fs::file_size(folder_ / kOrders, failure);
  if (failure || size <= read_ || size > kMostBytes) return all;
  const std::string text = read_from(folder_ / kOrders, read_);
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    all.push_back({.number = read_ + begin, .text = text.substr(begin, end - begin)});
    begin = end + 1;
  }
  read_ += begin;
  return all;
}

void LiveOrders::answer(const Asked& asked, std::string_view words) {
  const UniqueFd file = open_to_append(folder_ / kAnswers);
  if (!file) return;  // Who asked hears nothing, and says so.
  write_line(file.get(), std::to_string(asked.number) + " " + std::string(words) + "\n");
}

Result<std::string> give_order(const fs::path& folder, const std::string& text, Duration patience) {
  if (!is_running(folder)) {
    return reason(std::errc::no_such_process, "no run is going on in " + folder.string());
  }
  const std::string doing = "tell the run in " + folder.string();
  std::string number;
  {
    const UniqueFd file = open_to_append(folder / kOrders);
    if (!file || ::flock(file.get(), LOCK_EX) != 0) return failed(doing);
    struct stat before {};
    if (::fstat(file.get(), &before) != 0) return failed(doing);
    if (!write_line(file.get(), text + "\n")) return failed(doing);
    number = std::to_string(before.st_size) + " ";
  }
  const Instant deadline = Clock::now() + patience;
  while (Clock::now() < deadline) {
    std::istringstream answers(read_from(folder / kAnswers, 0));
    for (std::string line; std::getline(answers, line) && !answers.eof();) {
      if (line.starts_with(number)) return line.substr(number.size());
    }
    std::this_thread::sleep_for(kTick);
  }
  return reason(std::errc::timed_out, doing + ": it does not answer");
}

}  // namespace squall::coordinator
