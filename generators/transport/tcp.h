#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "generators/transport/byte_stream.h"
#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/runtime/asio.h"

namespace squall::generators {

/// Begins to connect, non-blocking, without Nagle's delay. The descriptor becomes writable when it
/// is decided; then connect_result() tells. From the local address `from`, where one is given; its
/// port is chosen when the peer is known, so that each peer has all ports of that address.
Result<UniqueFd> begin_connect(const asio::ip::tcp::endpoint& to,
                               const std::optional<asio::ip::address>& from = {});

/// Whether the connection that begin_connect() began was made.
Result<void> connect_result(int descriptor);

/// Plain TCP.
///
/// Lifecycle:  made with a socket that is connected, or about to be; closes it when destroyed.
/// Threads:    one owner at a time.
/// Errors:     as ByteStream; error_text() is what the system says of the last failure.
class TcpStream final : public ByteStream {
 public:
  explicit TcpStream(UniqueFd socket) : socket_(std::move(socket)) {}

  int descriptor() const override { return socket_.get(); }
  IoStep handshake() override { return {IoStep::Kind::kDone, 0}; }
  IoStep read(std::span<char> into) override;
  IoStep write(std::string_view bytes) override;
  std::string_view protocol() const override { return {}; }
  std::uint64_t received() const override { return received_; }
  std::uint64_t sent() const override { return sent_; }
  std::string error_text() const override;

 private:
  UniqueFd socket_;
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  int errno_ = 0;
};

}  // namespace squall::generators
