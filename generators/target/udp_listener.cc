#include "generators/target/udp_listener.h"

#include <algorithm>
#include <array>
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
constexpr int kBuffer = 8 * 1024 * 1024;  // The kernel may give less.

Error last_error(const std::string& doing) {
  return {std::error_code(errno, std::system_category()), doing};
}

bool set(int socket, int level, int name, int value) {
  return ::setsockopt(socket, level, name, &value, sizeof value) == 0;
}

template <class T>
T value_of(const cmsghdr* message) {
  T value{};
  std::memcpy(&value, CMSG_DATA(message), sizeof value);
  return value;
}

/// Control messages, one after the other.
class Controls {
 public:
  template <class T>
  void add(int level, int type, const T& value) {
    cmsghdr one{};
    one.cmsg_level = level;
    one.cmsg_type = type;
    one.cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(bytes_.data() + used_, &one, sizeof one);
    std::memcpy(bytes_.data() + used_ + CMSG_LEN(0), &value, sizeof value);
    used_ += CMSG_SPACE(sizeof value);
  }
  void put_into(msghdr& message) {
    message.msg_control = used_ == 0 ? nullptr : bytes_.data();
    message.msg_controllen = used_;
  }

 private:
  alignas(cmsghdr) std::array<char, 128> bytes_{};
  std::size_t used_ = 0;
};

}  // namespace

Result<UdpListener> UdpListener::bind(const Endpoint& at) {
  UdpListener made(UniqueFd(
      ::socket(at.protocol().family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP)));
  const int socket = made.socket_.get();
  if (socket < 0) return last_error("make a UDP socket");
  const bool v6 = at.address().is_v6();
  bool is_set = v6 ? set(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
                         set(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE) &&
                         set(socket, IPPROTO_IPV6, IPV6_RECVTCLASS, 1)
                   : set(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE) &&
                         set(socket, IPPROTO_IP, IP_RECVTOS, 1);
  made.is_wildcard_ = at.address().is_unspecified();
  if (made.is_wildcard_) {
    is_set = is_set && (v6 ? set(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
                           : set(socket, IPPROTO_IP, IP_PKTINFO, 1));
  }
  if (!is_set || !set(socket, SOL_SOCKET, SO_RXQ_OVFL, 1)) {
    return last_error("set up a UDP socket");
  }
  for (const auto& [force, usual] :
       {std::pair(SO_RCVBUFFORCE, SO_RCVBUF), std::pair(SO_SNDBUFFORCE, SO_SNDBUF)}) {
    if (!set(socket, SOL_SOCKET, force, kBuffer)) set(socket, SOL_SOCKET, usual, kBuffer);
  }
  set(socket, IPPROTO_UDP, kUdpGro, 1);  // Without it they come one by one.
  if (::bind(socket, at.data(), static_cast<socklen_t>(at.size())) != 0) {
    return last_error("bind a UDP socket");
  }
  auto size = static_cast<socklen_t>(made.local_.capacity());
  if (::getsockname(socket, made.local_.data(), &size) != 0) return last_error("bind");
  made.local_.resize(size);
  return made;
}

std::optional<UdpListener::Received> UdpListener::receive(std::span<char> into) {
  Received got;
  iovec part{into.data(), into.size()};
  alignas(cmsghdr) std::array<char, 256> control{};
  msghdr message{};
  message.msg_name = got.path.remote.data();
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ssize_t size = 0;
  do {
    message.msg_namelen = static_cast<socklen_t>(got.path.remote.capacity());
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    size = ::recvmsg(socket_.get(), &message, 0);
    // What a datagram of ours met on its way (an ICMP message) is told instead of one that came.
  } while (size < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EBADF);
  if (size < 0) return std::nullopt;
  got.path.remote.resize(message.msg_namelen);
  got.path.local = local_;
  got.bytes = got.segment = static_cast<std::size_t>(size);
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    const int level = one->cmsg_level;
    const int type = one->cmsg_type;
    if (level == IPPROTO_UDP && type == kUdpGro) {
      const int segment = value_of<int>(one);
      if (segment > 0) got.segment = static_cast<std::size_t>(segment);
    } else if (level == IPPROTO_IP && type == IP_TOS) {
      got.ecn = static_cast<Ecn>(value_of<std::uint8_t>(one) & 3U);
    } else if (level == IPPROTO_IPV6 && type == IPV6_TCLASS) {
      got.ecn = static_cast<Ecn>(static_cast<unsigned>(value_of<int>(one)) & 3U);
    } else if (level == SOL_SOCKET && type == SO_RXQ_OVFL) {
      dropped_ = value_of<std::uint32_t>(one);
    } else if (level == IPPROTO_IP && type == IP_PKTINFO) {
      const auto info = value_of<in_pktinfo>(one);
      const boost::asio::ip::address_v4 to(ntohl(info.ipi_addr.s_addr));
      got.path.local = Endpoint(to, local_.port());
    } else if (level == IPPROTO_IPV6 && type == IPV6_PKTINFO) {
      const auto info = value_of<in6_pktinfo>(one);
      boost::asio::ip::address_v6::bytes_type bytes{};
      std::memcpy(bytes.data(), &info.ipi6_addr, bytes.size());
      got.path.local = Endpoint(boost::asio::ip::address_v6(bytes), local_.port());
    }
  }
  return got;
}

std::size_t UdpListener::send(std::span<const char> bytes, const DatagramBurst& burst,
                              const QuicPath& path) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const std::size_t segment = burst.segment;
    const std::size_t most =
        cuts_ ? segment * std::min(kMostSegments, std::max<std::size_t>(kMostBytes / segment, 1))
              : segment;
    const std::size_t some = std::min(most, bytes.size() - done);
    iovec part{const_cast<char*>(bytes.data()) + done, some};  // NOLINT: sendmsg's interface
    msghdr message{};
    message.msg_name = const_cast<Endpoint&>(path.remote).data();  // NOLINT: likewise
    message.msg_namelen = static_cast<socklen_t>(path.remote.size());
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    const bool v6 = path.remote.address().is_v6();
    Controls controls;
    if (some > segment) controls.add(IPPROTO_UDP, kUdpSegment, static_cast<std::uint16_t>(segment));
    if (burst.ecn != Ecn::kNone) {
      const int ecn = static_cast<int>(burst.ecn);
      controls.add(v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, ecn);
    }
    if (is_wildcard_ && v6) {
      in6_pktinfo info{};
      const auto from = path.local.address().to_v6().to_bytes();
      std::memcpy(&info.ipi6_addr, from.data(), from.size());
      controls.add(IPPROTO_IPV6, IPV6_PKTINFO, info);
    } else if (is_wildcard_) {
      in_pktinfo info{};
      info.ipi_spec_dst.s_addr = htonl(path.local.address().to_v4().to_uint());
      controls.add(IPPROTO_IP, IP_PKTINFO, info);
    }
    controls.put_into(message);
    if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) >= 0) {
      done += some;
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return done;
    if (some > segment && (errno == EIO || errno == EINVAL || errno == EOPNOTSUPP)) {
      cuts_ = false;  // No such offload here; udp(7).
      continue;
    }
    done += some;  // Lost, as any datagram may be: too large for the path, filtered, nobody there.
  }
  return done;
}

}  // namespace squall::generators
