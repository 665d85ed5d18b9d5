#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "generators/load/connection.h"
#include "generators/session/client_session.h"
#include "generators/spec/target_spec.h"
#include "generators/transport/byte_stream.h"
#include "harness/runtime/asio.h"

namespace squall::generators {

/// A connection over TCP, with or without TLS: moves bytes between a stream and a session.
///
/// Reads until there is nothing more, with a timestamp per read; writes when told to flush(), all
/// that is queued at once.
///
/// Lifecycle:  made with a connected stream; the rest as Connection.
/// Threads:    its shard's.
/// Errors:     as Connection.
class StreamConnection final : public Connection {
 public:
  StreamConnection(asio::io_context& loop, std::unique_ptr<ByteStream> stream, Protocol protocol,
                   std::size_t streams, std::size_t url, Instant opened, Owner& owner,
                   std::int32_t first_stream = 1);

  void open(Instant now) override;
  void flush(Instant now) override;
  void close(Instant now) override;
  std::string complaint(reports::ErrorClass error) const override;

 private:
  void release() override;
  void wait_readable();
  void wait_writable();
  void on_readable();
  /// One read; false when there is nothing more to read for now, or ever.
  bool read_some();
  /// Reads, but no longer than a turn lasts. False as read_some().
  bool read_turn();

  std::unique_ptr<ByteStream> stream_;
  asio::posix::stream_descriptor waiter_;  // Borrows the descriptor; released, never closed.
  std::unique_ptr<ClientSession> session_;
  std::string out_;  // Taken from the session, not yet written: from written_ on.
  std::size_t written_ = 0;
  bool write_wants_read_ = false;
};

}  // namespace squall::generators
