#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/units.h"

struct ngtcp2_conn;

namespace squall::test {

/// The server's side of one QUIC connection in memory, on ngtcp2, whose streams carry what a test
/// wants: sound HTTP/3, or none.
///
/// Lifecycle:  made; the connection begins with the client's first datagram.
/// Threads:    one owner.
/// Errors:     what went wrong in QUIC is in failure(), as ngtcp2 numbers it.
class QuicServerPeer {
 public:
  struct Options {
    bool retry = false;             ///< Asks the client to come again with a token.
    std::uint64_t uni_streams = 3;  ///< That the client may open; HTTP/3 needs three.
    std::uint64_t streams = 100;    ///< Of requests.
    std::uint64_t window = 1 << 20U;
    Duration idle{};  ///< Zero: none.
    std::string alpn = "h3";
    /// Offers to resume sessions that another peer with the same key and this gave; empty: none.
    std::string ticket_key = {};
    std::uint64_t ack_delay_exponent = 3;  ///< 20 at most, RFC 9000 §18.2.
    bool early = false;                    ///< Takes early data; tickets then say so.
    bool is_of_other_versions = false;     ///< Answers with version_negotiation().
    enum class Cut { kNone, kBeside, kAll };
    Cut cut = Cut::kNone;  ///< Datagrams are sent by half: ahead of the whole ones, or alone.
  };

  QuicServerPeer(const Options& options, const std::string& certificate, const std::string& key);
  QuicServerPeer(const QuicServerPeer&) = delete;
  QuicServerPeer& operator=(const QuicServerPeer&) = delete;
  ~QuicServerPeer();

  void receive(std::span<const char> datagram, Instant now);
  /// What is to be sent, datagram by datagram.
  std::vector<std::string> take(Instant now);
  Instant next_timer() const;
  void on_timer(Instant now);

  /// A stream of the server's own; negative when the client allows none.
  std::int64_t open_uni();
  void write(std::int64_t stream, std::string_view bytes, bool is_last = false);
  void reset(std::int64_t stream, std::uint64_t code);
  void stop_sending(std::int64_t stream, std::uint64_t code);
  /// CONNECTION_CLOSE: the next output, and the last.
  void close_application(std::uint64_t code, std::string_view reason = {});
  void close_transport(std::uint64_t code);
  /// Instead of what the next 1-RTT packet would say it says this, and PADDING. It must be long
  /// enough: write() something before.
  void say_instead(std::string frames);
  bool update_keys(Instant now);
  /// How many keys it has made ahead: the first when the handshake is done, and one after each
  /// renewal, by whichever side.
  int keys_made() const { return keys_made_; }
  /// A datagram that goes out as it is.
  void send(std::string datagram);
  /// A key under which tickets are sealed.
  static std::string make_ticket_key();
  /// True when early data was taken.
  bool has_taken_early_data() const;
  bool is_established() const;
  /// What the client lets be sent to it on the connection, and on a stream that it opens.
  std::pair<std::uint64_t, std::uint64_t> client_windows() const;
  int failure() const { return failure_; }

  /// A stateless reset of this connection, as a server that was restarted sends it.
  std::string stateless_reset() const;
  /// An answer to the datagram that speaks of versions from a far future.
  static std::string version_negotiation(std::span<const char> datagram);

  /// What came on each stream, and how it ended.
  std::map<std::int64_t, std::string> received;
  std::map<std::int64_t, bool> ended;
  std::map<std::int64_t, std::uint64_t> resets;

 private:
  struct Private;
  void begin(std::span<const char> datagram, Instant now);

  std::unique_ptr<Private> private_;
  int failure_ = 0;
  int keys_made_ = 0;
};

/// Sound HTTP/3, as plain as can be.
namespace h3 {
/// The control stream's type and empty SETTINGS (RFC 9114 §6.2.1, §7.2.4).
inline const std::string kControl("\x00\x04\x00", 3);
/// HEADERS with `:status: 200`, of QPACK's static table.
inline const std::string kHeaders("\x01\x03\x00\x00\xd9", 5);
/// DATA with "hello".
inline const std::string kHello("\x00\x05hello", 7);
/// GOAWAY for a stream below 64 (RFC 9114 §7.2.6).
inline std::string goaway(std::uint8_t stream) {
  return {"\x07\x01" + std::string(1, static_cast<char>(stream))};
}
}  // namespace h3

}  // namespace squall::test
