#include "generators/load/stream_connection.h"

#include <array>
#include <utility>

#include "generators/load/make_session.h"

namespace squall::generators {

using boost::system::error_code;
using reports::ErrorClass;

namespace {

constexpr std::size_t kReadSize = 64 * 1024;
constexpr std::size_t kWriteSize = 64 * 1024;
// Other connections and the schedule get their turn after so many reads, or so long: what a server
// says in tiny pieces takes far longer than its size would have it.
constexpr int kReadsPerTurn = 16;
constexpr Duration kTurn = std::chrono::milliseconds(1);

}  // namespace

StreamConnection::StreamConnection(asio::io_context& loop, std::unique_ptr<ByteStream> stream,
                                   Protocol protocol, std::size_t streams, std::size_t url,
                                   Instant opened, Owner& owner, std::int32_t first_stream)
    : Connection(streams, url, opened, owner),
      stream_(std::move(stream)),
      waiter_(loop),
      session_(make_session(protocol, *stream_, *this, first_stream)) {
  speak(*session_);
}

void StreamConnection::open(Instant now) {
  waiter_.assign(stream_->descriptor());
  wait_readable();
  flush(now);
}

void StreamConnection::flush(Instant now) {
  const bool is_done_for = session_->is_over() || session_->has_failed();
  if (ended_ || (blocked_ && !is_done_for)) return;
  const auto self = shared_from_this();  // on_lost() may let go of this.
  now_ = now;
  // The session has failed, or a request was given up that cannot be taken back: nobody waits for
  // the rest, and nobody may ever read it.
  if (blocked_) {
    end(ErrorClass::kProtocol, true);
    return;
  }
  for (;;) {
    if (written_ == out_.size()) {
      out_.clear();
      written_ = 0;
      if (!session_->take_output(out_, kWriteSize)) {
        end(ErrorClass::kProtocol, true);
        return;
      }
      if (ended_ || out_.empty()) break;
    }
    const IoStep step = stream_->write(std::string_view(out_).substr(written_));
    count_bytes(stream_->received(), stream_->sent());
    switch (step.kind) {
      case IoStep::Kind::kDone:
        written_ += step.bytes;
        break;
      case IoStep::Kind::kWantRead:  // TLS wants to hear first; on_readable() tries again.
        blocked_ = true;
        write_wants_read_ = true;
        return;
      case IoStep::Kind::kWantWrite:
        blocked_ = true;
        wait_writable();
        return;
      case IoStep::Kind::kEnd:
      case IoStep::Kind::kFailed:
      case IoStep::Kind::kTlsFailed:
        // What the server still said may hold answers, or why it left. It may also never end.
        read_turn();
        if (!ended_) end(ErrorClass::kClosed, true);
        return;
    }
  }
  // When the server broke the protocol, or has gone away for good, or a request was given up that
  // cannot be taken back.
  if (!ended_ && session_->is_over()) end(ErrorClass::kProtocol, true);
}

std::string StreamConnection::complaint(ErrorClass error) const {
  return error == ErrorClass::kTls ? stream_->error_text() : Connection::complaint(error);
}

void StreamConnection::close(Instant now) {
  if (ended_) return;
  now_ = now;
  if (!blocked_) {
    session_->say_goodbye();
    out_.erase(0, written_);
    written_ = 0;
    if (session_->take_output(out_, out_.size() + kWriteSize)) {
      stream_->write(out_);  // As far as it goes; nobody waits for it, or counts it.
    }
  }
  end(ErrorClass::kClosed, false);
}

void StreamConnection::wait_readable() {
  waiter_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [this, self = shared_from_this()](const error_code& aborted) {
                       if (!aborted && !ended_) on_readable();
                     });
}

void StreamConnection::wait_writable() {
  waiter_.async_wait(asio::posix::stream_descriptor::wait_write,
                     [this, self = shared_from_this()](const error_code& aborted) {
                       if (aborted || ended_) return;
                       blocked_ = false;
                       const Instant now = std::chrono::steady_clock::now();
                       flush(now);
                       if (!ended_) owner_.on_progress(*this, now);
                     });
}

void StreamConnection::on_readable() {
  if (write_wants_read_) {
    write_wants_read_ = false;
    blocked_ = false;
  }
  const bool more = read_turn();
  if (ended_) return;
  if (more) {  // It may be in memory already, where no descriptor tells of it.
    asio::post(waiter_.get_executor(), [this, self = shared_from_this()] {
      if (!ended_) on_readable();
    });
  } else {
    wait_readable();
  }
  // A failed session's last words go out with the next flush(), where the socket takes them.
  if (session_->is_over() || (blocked_ && session_->has_failed())) {
    end(ErrorClass::kProtocol, true);
    return;
  }
  owner_.on_progress(*this, now_);
}

bool StreamConnection::read_turn() {
  bool more = read_some();
  const Instant began = now_;
  for (int reads = 1; more && reads < kReadsPerTurn && now_ - began < kTurn; ++reads) {
    more = read_some();
  }
  return more;
}

bool StreamConnection::read_some() {
  static thread_local std::array<char, kReadSize> buffer;
  const IoStep step = stream_->read(buffer);
  now_ = std::chrono::steady_clock::now();
  count_bytes(stream_->received(), stream_->sent());
  switch (step.kind) {
    case IoStep::Kind::kDone:
      if (!session_->receive(std::string_view(buffer.data(), step.bytes))) {
        end(ErrorClass::kProtocol, true);
      }
      return !ended_ && step.more;
    case IoStep::Kind::kWantRead:
      return false;
    case IoStep::Kind::kWantWrite:
      if (!blocked_) {
        blocked_ = true;
        wait_writable();
      }
      return false;
    case IoStep::Kind::kEnd:
      // RFC 9112 §9.8: an answer that lasts until the end is not whole when TLS was cut off.
      if (!has_in_flight() || stream_->is_end_in_order()) session_->receive_end();
      end(ErrorClass::kClosed, true);
      return false;
    case IoStep::Kind::kFailed:
      end(ErrorClass::kClosed, true);
      return false;
    case IoStep::Kind::kTlsFailed:
      // TLS 1.3 servers refuse a client's certificate only after the handshake.
      end(session_->is_confirmed() ? ErrorClass::kClosed : ErrorClass::kTls, true);
      return false;
  }
  return false;
}

void StreamConnection::release() {
  if (waiter_.is_open()) waiter_.release();
  stream_.reset();
}

}  // namespace squall::generators
