#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/units.h"

namespace squall::test {

/// The client's side of one QUIC connection in memory, on ngtcp2, whose streams carry what a test
/// wants: sound HTTP/3, or none.
///
/// Lifecycle:  made; the connection begins with the first take().
/// Threads:    one owner.
/// Errors:     what went wrong in QUIC is in failure(), as ngtcp2 numbers it.
class QuicClientPeer {
 public:
  explicit QuicClientPeer(Instant now);
  QuicClientPeer(const QuicClientPeer&) = delete;
  QuicClientPeer& operator=(const QuicClientPeer&) = delete;
  ~QuicClientPeer();

  void receive(std::span<const char> datagram, Instant now);
  /// What is to be sent, datagram by datagram.
  std::vector<std::string> take(Instant now);
  Instant next_timer() const;
  void on_timer(Instant now);

  /// Streams of its own; negative when the server allows none.
  std::int64_t open_uni();
  std::int64_t open_bidi();
  void write(std::int64_t stream, std::string_view bytes, bool is_last = false);
  void reset(std::int64_t stream, std::uint64_t code);
  void stop_sending(std::int64_t stream, std::uint64_t code);
  bool is_established() const;
  int failure() const { return failure_; }
  /// The code of the server's CONNECTION_CLOSE; 0 where there was none.
  std::uint64_t close_code() const;

  /// What came on each stream, and how it ended.
  std::map<std::int64_t, std::string> received;
  std::map<std::int64_t, bool> ended;
  std::map<std::int64_t, std::uint64_t> resets;

 private:
  struct Private;
  std::unique_ptr<Private> private_;
  int failure_ = 0;
};

/// HTTP/3 as a client speaks it, as plain as can be.
namespace h3 {
/// HEADERS with `GET https://localhost/`, of QPACK's static table alone but for the authority.
inline const std::string kGetRoot("\x01\x10\x00\x00\xd1\xd7\xc1\x50\x09localhost", 18);
}  // namespace h3

}  // namespace squall::test
