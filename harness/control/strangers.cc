#include "harness/control/strangers.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
// Has bytes_received, which netinet/tcp.h has not.
#include <linux/tcp.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "harness/control/address.h"

namespace squall::control {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// How often it is looked what those have sent who are not admitted yet: in between a quick one
/// sends some MiB.
constexpr std::chrono::milliseconds kTick{20};
constexpr Duration kBetweenLooks = 100ms;
/// What a connection has left behind elsewhere is gone a while after it.
constexpr Duration kSettled = 500ms;
constexpr Duration kBetweenGifts = 5s;
constexpr int kIdle = 1000;         // Milliseconds.
constexpr std::size_t kHeader = 6;  // Bytes of a record's header, and its message's type.

enum State { kEstablished = 1 };  // linux: include/net/tcp_states.h

std::string_view peek(int fd, std::array<char, kHeader>& bytes) {
  const ssize_t said = ::recv(fd, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  return {bytes.data(), said > 0 ? static_cast<std::size_t>(said) : 0};
}

std::size_t readable_bytes(int fd) {
  int bytes = 0;
  return ::ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

}  // namespace

Result<std::size_t> client_hello_size(std::string_view bytes) {
  constexpr std::size_t kLength = 5;           // Of the record's header (RFC 8446 §5.1).
  constexpr std::size_t kLongest = 1U << 14U;  // Of its content.
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const auto is_wrong = [&](std::size_t i, unsigned char expected) {
    return bytes.size() > i && at(i) != expected;
  };
  // A handshake, of any version that says that it is 3.x, that begins with a ClientHello.
  if (is_wrong(0, 22) || is_wrong(1, 3) || is_wrong(5, 1)) {
    return error(std::errc::protocol_error, "it does not begin with a handshake of TLS");
  }
  if (bytes.size() <= kLength) return std::size_t{0};
  const std::size_t length = (std::size_t{at(3)} << 8U) | at(4);
  if (length == 0 || length > kLongest) {
    return error(std::errc::protocol_error, "its first record of TLS has a length that is none");
  }
  return kLength + length;
}

Result<std::unique_ptr<Strangers>> Strangers::open(Speech speech, Hand hand, Refusals& refusals,
                                                   Limits limits) {
  std::unique_ptr<Strangers> strangers(new Strangers(speech, std::move(hand), refusals, limits));
  strangers->epoll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!strangers->epoll_) {
    return Error{std::error_code(errno, std::generic_category()), "watch connections"};
  }
  return strangers;
}

bool Strangers::has_room_for(int newest) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return true;
  if (static_cast<std::size_t>(newest) + kSpare < limit.rlim_cur) return true;
  refusals_.note(fmt::format("too many are open, the limit of descriptors is {} (ulimit -n)",
                             static_cast<std::size_t>(limit.rlim_cur)));
  return false;
}

void Strangers::take(UniqueFd connection) {
  const int fd = connection.get();
  if (!has_room_for(fd)) return;
  // Edges: what was said and is not whole yet stays where it is, and is not told of again.
  epoll_event event{.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data = {.fd = fd}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return refusals_.note(std::generic_category().message(errno));
  }
  silent_[fd] = {.connection = std::move(connection), .until = Clock::now() + limits_.begin_within};
}

void Strangers::look() {
  std::array<epoll_event, 64> events{};
  while (true) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events.at(static_cast<std::size_t>(i));
      // Who will say no more has not come to stay.
      const bool has_gone = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
      has_gone ? drop(event.data.fd, {}) : hear(event.data.fd);
    }
    if (count < static_cast<int>(events.size())) break;
  }
  const Instant now = Clock::now();
  watch_the_silent(now);
  watch_the_unadmitted(now);
  hand_on_next();
  give_memory_back(now);
}

int Strangers::patience_ms() const {
  const std::lock_guard lock(mutex_);
  if (!unadmitted_.empty()) return static_cast<int>(kTick.count());
  if (silent_.empty() && gone_ < limits_.crowd) return kIdle;
  return static_cast<int>(
      std::chrono::duration_cast<std::chrono::milliseconds>(kBetweenLooks).count());
}

void Strangers::admit(const std::string& endpoint) {
  const std::lock_guard lock(mutex_);
  unadmitted_.erase(endpoint);
}

void Strangers::hear(int fd) {
  std::array<char, kHeader> bytes{};
  const std::string_view said = peek(fd, bytes);
  if (said.empty()) return;
  if (speech_ == Speech::kAny) return line_up(fd);
  const auto size = client_hello_size(said);
  if (!size) return drop(fd, size.error().trail);
  if (*size > 0 && readable_bytes(fd) >= *size) line_up(fd);
}

void Strangers::line_up(int fd) {
  const auto found = silent_.find(fd);
  if (found == silent_.end() || std::exchange(found->second.is_in_line, true)) return;
  found->second.until = Clock::now() + limits_.admitted_within;
  line_.push_back(fd);
}

void Strangers::hand_on_next() {
  const auto has_room = [this] {
    const std::lock_guard lock(mutex_);
    return unadmitted_.size() < limits_.most_at_once;
  };
  while (!line_.empty() && has_room()) {
    const int fd = line_.front();
    line_.pop_front();
    const auto found = silent_.find(fd);
    if (found != silent_.end() && found->second.is_in_line) hand_on(fd);
  }
}

void Strangers::hand_on(int fd) {
  const auto found = silent_.find(fd);
  if (found == silent_.end()) return;
  UniqueFd connection = std::move(found->second.connection);
  silent_.erase(found);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  const std::string endpoint = other_end_of(fd);
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) return refusals_.note(std::generic_category().message(errno));
  if (endpoint.empty() || !has_room_for(copy.get())) return;  // It has gone again.
  {
    const std::lock_guard lock(mutex_);
    unadmitted_[endpoint] = {.connection = std::move(copy),
                             .until = Clock::now() + limits_.admitted_within};
  }
  hand_(std::move(connection));
}

void Strangers::drop(int fd, std::string_view why) {
  if (!why.empty()) refusals_.note(why);
  silent_.erase(fd);
}

void Strangers::watch_the_silent(Instant now) {
  if (silent_.empty() || now < next_look_) return;
  next_look_ = now + kBetweenLooks;
  std::erase_if(silent_, [&](const auto& one) {
    if (now < one.second.until) return false;
    refusals_.note(one.second.is_in_line ? "too many others shake hands"
                                         : "it said nothing, or did not say all of it");
    return true;
  });
}

void Strangers::watch_the_unadmitted(Instant now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(unadmitted_, [&](const auto& one) {
    const int fd = one.second.connection.get();
    tcp_info info{};
    socklen_t size = sizeof info;
    const bool is_known = ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0;
    std::string why;
    if (is_known && info.tcpi_bytes_received > limits_.most_bytes) {
      why = fmt::format("it sent more than {} KiB before it was known", limits_.most_bytes >> 10U);
    } else if (now >= one.second.until) {
      why = "it did not say who it is";
    } else if (is_known && info.tcpi_state == kEstablished) {
      return false;
    }
    if (!why.empty()) {
      refusals_.note(why);
      ::shutdown(fd, SHUT_RDWR);  // For whoever has its other descriptor.
    }
    // What was read of so much may be many times what a connection costs.
    gone_ += info.tcpi_bytes_received > limits_.most_bytes ? limits_.crowd : 1;
    went_ = now;
    return true;
  });
}

void Strangers::give_memory_back(Instant now) {
  if (has_left_.exchange(false)) {
    gone_ += limits_.crowd;
    went_ = now;
  }
  // Also what waits for memory waits while it is given back.
  if (gone_ < limits_.crowd || now - went_ < kSettled || now - given_back_ < kBetweenGifts) return;
  gone_ = 0;
  given_back_ = now;
  ::malloc_trim(0);
}

}  // namespace squall::control
