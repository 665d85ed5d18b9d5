#include "generators/transport/udp.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace squall::generators {
namespace {

// linux/udp.h and asm/socket.h; older C libraries' headers lack them.
constexpr int kUdpSegment = 103;
constexpr int kUdpGro = 104;
// udp(7): more segments in one call are refused.
constexpr std::size_t kMostSegments = 64;
constexpr std::size_t kMostBytes = 65'000;
// What a burst of a download may need while the thread is elsewhere; the kernel may give less.
constexpr int kReceiveBuffer = 2 * 1024 * 1024;

Error last_error(std::string_view doing) {
  return {std::error_code(errno, std::system_category()), std::string(doing)};
}

bool is_again(int code) { return code == EAGAIN || code == EWOULDBLOCK; }

bool set(int socket, int level, int name, int value) {
  return ::setsockopt(socket, level, name, &value, sizeof value) == 0;
}

template <class T>
T value_of(const cmsghdr* message) {
  T value{};
  std::memcpy(&value, CMSG_DATA(message), sizeof value);
  return value;
}

}  // namespace

Result<UdpSocket> UdpSocket::connect(const asio::ip::udp::endpoint& to,
                                     const std::optional<asio::ip::address>& from) {
  UdpSocket made(UniqueFd(
      ::socket(to.protocol().family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP)));
  const int socket = made.socket_.get();
  if (socket < 0) return last_error("make a socket");
  const bool v6 = to.address().is_v6();
  const bool options = v6 ? set(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE) &&
                                set(socket, IPPROTO_IPV6, IPV6_RECVTCLASS, 1)
                          : set(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE) &&
                                set(socket, IPPROTO_IP, IP_RECVTOS, 1);
  if (!options || !set(socket, SOL_SOCKET, SO_RXQ_OVFL, 1)) return last_error("set up a socket");
  if (!set(socket, SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBuffer)) {  // For those who may.
    set(socket, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);            // Is there less, there is less.
  }
  set(socket, IPPROTO_UDP, kUdpGro, 1);  // Without it they come one by one.
  if (from) {
    const asio::ip::udp::endpoint local(*from, 0);
    // ip(7): without it the port would be taken for all destinations at once.
    if (!set(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1) ||
        ::bind(socket, local.data(), static_cast<socklen_t>(local.size())) != 0) {
      const std::error_code refused(errno, std::system_category());
      return Error{refused, "bind to the source address " + from->to_string()};
    }
  }
  if (::connect(socket, to.data(), static_cast<socklen_t>(to.size())) != 0) {
    if (errno == EADDRNOTAVAIL || errno == EAGAIN) {
      return error(std::errc::address_not_available, "connect: no local port is free");
    }
    return last_error("connect");
  }
  made.remote_ = to;
  auto size = static_cast<socklen_t>(made.local_.capacity());
  if (::getsockname(socket, made.local_.data(), &size) != 0) return last_error("connect");
  made.local_.resize(size);
  return made;
}

void UdpSocket::follow(const UdpSocket& before) {
  received_ += before.received_;
  sent_ += before.sent_;
  datagrams_ += before.datagrams_;
  dropped_ = dropped_before_ = before.dropped_;
  cuts_ = cuts_ && before.cuts_;
}

bool UdpSocket::mark(Ecn ecn) {
  if (marked_ == ecn) return true;
  marked_ = ecn;
  const int bits = static_cast<int>(ecn);
  return remote_.address().is_v6() ? set(socket_.get(), IPPROTO_IPV6, IPV6_TCLASS, bits)
                                   : set(socket_.get(), IPPROTO_IP, IP_TOS, bits);
}

IoStep UdpSocket::send(std::span<const char> bytes, std::size_t segment, Ecn ecn) {
  mark(ecn);  // Where that is refused, QUIC finds that marks do not arrive (RFC 9000 §13.4.2).
  std::size_t done = 0;
  while (done < bytes.size()) {
    const std::size_t most =
        cuts_ ? segment * std::min(kMostSegments, std::max<std::size_t>(kMostBytes / segment, 1))
              : segment;
    const std::size_t some = std::min(most, bytes.size() - done);
    iovec part{const_cast<char*>(bytes.data()) + done, some};  // NOLINT: sendmsg's interface
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(std::uint16_t))] = {};  // NOLINT
    if (some > segment) {
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      cmsghdr* cut = CMSG_FIRSTHDR(&message);
      cut->cmsg_level = IPPROTO_UDP;
      cut->cmsg_type = kUdpSegment;
      cut->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
      const auto size = static_cast<std::uint16_t>(segment);
      std::memcpy(CMSG_DATA(cut), &size, sizeof size);
    }
    if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) >= 0) {
      done += some;
      sent_ += some;
      continue;
    }
    if (errno == EINTR) continue;
    if (is_again(errno)) return {IoStep::Kind::kWantWrite, done};
    if (some > segment && (errno == EIO || errno == EINVAL || errno == EOPNOTSUPP)) {
      cuts_ = false;  // No such offload here; udp(7).
      continue;
    }
    if (errno == EMSGSIZE || errno == ENOBUFS || errno == EPERM) {
      done += some;  // Lost, as any datagram may be: too large for the path, or filtered.
      continue;
    }
    errno_ = errno;
    return {IoStep::Kind::kFailed, done};
  }
  return {IoStep::Kind::kDone, done};
}

UdpSocket::Received UdpSocket::receive(std::span<char> into) {
  Received got;
  iovec part{into.data(), into.size()};
  constexpr std::size_t kControl =
      CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(std::uint32_t));
  alignas(cmsghdr) char control[kControl];  // NOLINT: recvmsg's interface
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket_.get(), &message, 0);
  } while (size < 0 && errno == EINTR);
  if (size < 0) {
    errno_ = errno;
    got.kind = is_again(errno) ? IoStep::Kind::kWantRead : IoStep::Kind::kFailed;
    return got;
  }
  got.kind = IoStep::Kind::kDone;
  got.bytes = got.segment = static_cast<std::size_t>(size);
  received_ += got.bytes;
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level == IPPROTO_UDP && one->cmsg_type == kUdpGro) {
      const int segment = value_of<int>(one);
      if (segment > 0) got.segment = static_cast<std::size_t>(segment);
    } else if (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_TOS) {
      got.ecn = static_cast<Ecn>(value_of<std::uint8_t>(one) & 3U);
    } else if (one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == IPV6_TCLASS) {
      got.ecn = static_cast<Ecn>(static_cast<unsigned>(value_of<int>(one)) & 3U);
    } else if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == SO_RXQ_OVFL) {
      dropped_ = dropped_before_ + value_of<std::uint32_t>(one);
    }
  }
  datagrams_ += got.segment == 0 ? 1 : (got.bytes + got.segment - 1) / got.segment;
  return got;
}

std::string UdpSocket::error_text() const {
  return std::error_code(errno_, std::system_category()).message();
}

}  // namespace squall::generators
