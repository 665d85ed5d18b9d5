#include "faults/network/kernel_probe_path.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <utility>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "harness/base/reason.h"
#include "harness/base/unique_fd.h"

namespace squall::faults {
namespace {

constexpr int kRoom = 4 << 20;  // Bytes that may wait to be sent, and to be read.
constexpr std::size_t kLongestFrame = 2048;
constexpr std::int64_t kNanoseconds = 1'000'000'000;

Error last_error(std::string_view doing) { return error(static_cast<std::errc>(errno), doing); }

sockaddr_ll at_interface(int interface, std::uint16_t protocol) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = interface;
  address.sll_protocol = htons(protocol);
  return address;
}

/// Lets only frames to kProbeDestination through, so that others cost next to nothing.
Result<void> filter(int socket) {
  const auto& to = kProbeDestination;
  const auto first = static_cast<std::uint32_t>(to[0]) << 24U |
                     static_cast<std::uint32_t>(to[1]) << 16U |
                     static_cast<std::uint32_t>(to[2]) << 8U | to[3];
  const auto rest = static_cast<std::uint32_t>(to[4]) << 8U | to[5];
  constexpr std::uint32_t kAll = 0x40000;
  std::array<sock_filter, 6> program{{{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
                                      {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, first},
                                      {BPF_LD | BPF_H | BPF_ABS, 0, 0, 4},
                                      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, rest},
                                      {BPF_RET | BPF_K, 0, 0, kAll},
                                      {BPF_RET | BPF_K, 0, 0, 0}}};
  const sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
  if (::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &whole, sizeof whole) != 0) {
    return last_error("filter frames");
  }
  return {};
}

class KernelProbePath : public ProbePath {
 public:
  KernelProbePath(int interface, HardwareAddress address, UniqueFd sender, UniqueFd tap)
      : interface_(interface),
        address_(address),
        sender_(std::move(sender)),
        tap_(std::move(tap)) {}

  HardwareAddress address() const override { return address_; }

  Result<void> send(std::string_view frame) override {
    // Its protocol stands behind both hardware addresses.
    const auto protocol = static_cast<std::uint16_t>(static_cast<unsigned char>(frame[12]) << 8U |
                                                     static_cast<unsigned char>(frame[13]));
    sockaddr_ll to = at_interface(interface_, protocol);
    to.sll_halen = static_cast<unsigned char>(kProbeDestination.size());
    std::copy(kProbeDestination.begin(), kProbeDestination.end(), std::begin(to.sll_addr));
    if (::sendto(sender_.get(), frame.data(), frame.size(), MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0) {
      return last_error("send a probe");
    }
    return {};
  }

  std::vector<SeenFrame> take(Duration length) override {
    std::vector<SeenFrame> frames;
    const auto until = std::chrono::steady_clock::now() + length;
    while (true) {
      const auto left = until - std::chrono::steady_clock::now();
      const auto ns = std::max<std::int64_t>(0, std::chrono::nanoseconds(left).count());
      const timespec patience{ns / kNanoseconds, ns % kNanoseconds};
      pollfd one{.fd = tap_.get(), .events = POLLIN, .revents = 0};
      if (::ppoll(&one, 1, &patience, nullptr) > 0) receive(frames);
      if (ns == 0) return frames;
    }
  }

  std::int64_t now_ns() override {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * kNanoseconds + now.tv_nsec;
  }

 private:
  void receive(std::vector<SeenFrame>& frames) {
    std::array<char, kLongestFrame> data{};
    std::array<char, 256> control{};
    while (true) {
      iovec piece{data.data(), data.size()};
      sockaddr_ll from{};
      msghdr message{};
      message.msg_name = &from;
      message.msg_namelen = sizeof from;
      message.msg_iov = &piece;
      message.msg_iovlen = 1;
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      const ssize_t got = ::recvmsg(tap_.get(), &message, MSG_DONTWAIT);
      if (got < 0) return;
      // On a loopback each comes in again, too.
      if (from.sll_pkttype != PACKET_OUTGOING) continue;
      SeenFrame frame{0, std::string(data.data(), static_cast<std::size_t>(got))};
      for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
           part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SO_TIMESTAMPNS) continue;
        timespec at{};
        std::memcpy(&at, CMSG_DATA(part), sizeof at);
        frame.at_ns = at.tv_sec * kNanoseconds + at.tv_nsec;
      }
      if (frame.at_ns == 0) frame.at_ns = now_ns();
      frames.push_back(std::move(frame));
    }
  }

  const int interface_;
  const HardwareAddress address_;
  UniqueFd sender_;
  UniqueFd tap_;
};

}  // namespace

Result<std::unique_ptr<ProbePath>> open_probe_path(int interface, std::uint32_t class_id) {
  // Without a protocol it receives nothing.
  UniqueFd sender(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  UniqueFd tap(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (!sender || !tap) return last_error("open a packet socket");
  ifreq asked{};
  asked.ifr_ifindex = interface;
  if (::ioctl(sender.get(), SIOCGIFNAME, &asked) != 0 ||
      ::ioctl(sender.get(), SIOCGIFHWADDR, &asked) != 0) {
    return last_error("find the hardware address");
  }
  const auto kind = asked.ifr_hwaddr.sa_family;
  if (kind != ARPHRD_ETHER && kind != ARPHRD_LOOPBACK) {
    return reason(std::errc::not_supported, "the interface is not one of Ethernet");
  }
  HardwareAddress address{};
  std::memcpy(address.data(), asked.ifr_hwaddr.sa_data, address.size());
  if (class_id != 0 &&
      ::setsockopt(sender.get(), SOL_SOCKET, SO_PRIORITY, &class_id, sizeof class_id) != 0) {
    return last_error("send probes through a class");
  }
  const int on = 1;
  ::setsockopt(sender.get(), SOL_SOCKET, SO_SNDBUFFORCE, &kRoom, sizeof kRoom);
  ::setsockopt(tap.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kRoom, sizeof kRoom);
  ::setsockopt(tap.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  // The filter is there before the first frame is.
  if (auto filtered = filter(tap.get()); !filtered) return std::move(filtered).error();
  const sockaddr_ll to = at_interface(interface, ETH_P_ALL);
  if (::bind(tap.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    return last_error("listen at the interface");
  }
  return std::unique_ptr<ProbePath>(
      std::make_unique<KernelProbePath>(interface, address, std::move(sender), std::move(tap)));
}

}  // namespace squall::faults
