#include "faults/link/datagram_batch.h"

#include <cerrno>
#include <utility>

namespace squall::faults {

DatagramBatch::DatagramBatch() : room_(new char[kMost * kRoom]) {  // NOLINT: a page is only taken
  for (std::size_t i = 0; i < kMost; ++i) {                        // when it is written to.
    pieces_[i] = {.iov_base = bytes(i), .iov_len = kRoom};
    messages_[i].msg_hdr.msg_iov = &pieces_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
    messages_[i].msg_hdr.msg_name = senders_[i].data();
  }
}

std::size_t DatagramBatch::receive(int descriptor) {
  for (mmsghdr& message : messages_) message.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
  // A refusal that came back to a connected socket is told once, by an error; then one may go on.
  for (int attempt = 0; attempt < 2; ++attempt) {
    const int got = ::recvmmsg(descriptor, messages_.data(), kMost, MSG_DONTWAIT, nullptr);
    if (got > 0) {
      for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
        senders_[i].length = messages_[i].msg_hdr.msg_namelen;
      }
      return static_cast<std::size_t>(got);
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 0;
  }
  return 0;
}

std::string_view DatagramBatch::at(std::size_t index) const {
  return {room_.get() + index * kRoom, messages_[index].msg_len};
}

void DatagramOutbox::put(int descriptor, const SocketAddress* to, std::string_view data) {
  if (count_ == kMost || (count_ > 0 && descriptor != descriptor_)) flush();
  descriptor_ = descriptor;
  pieces_[count_] = {.iov_base = const_cast<char*>(data.data()), .iov_len = data.size()};
  msghdr& header = messages_[count_].msg_hdr;
  header = {};
  header.msg_iov = &pieces_[count_];
  header.msg_iovlen = 1;
  if (to != nullptr) {
    header.msg_name = const_cast<sockaddr*>(to->data());
    header.msg_namelen = to->length;
  }
  ++count_;
}

void DatagramOutbox::flush() {
  std::size_t done = 0;
  bool was_refused = false;
  while (done < count_) {
    const int sent = ::sendmmsg(descriptor_, messages_.data() + done,
                                static_cast<unsigned>(count_ - done), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
      was_refused = false;
    } else if (errno != EINTR && (errno != ECONNREFUSED || std::exchange(was_refused, true))) {
      ++failed_;  // ECONNREFUSED is about an earlier one: the first time it is tried again.
      ++done;
    }
  }
  count_ = 0;
}

std::size_t DatagramOutbox::take_failed() { return std::exchange(failed_, 0); }

}  // namespace squall::faults
