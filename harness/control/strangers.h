#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/base/units.h"
#include "harness/control/refusals.h"

namespace squall::control {

/// Connections whose other end has not been admitted yet.
///
/// One that has said nothing, or nothing that an agent would, costs a descriptor and no more: it is
/// handed on only when its first words are there, whole. From then until it is admitted it may send
/// only so much, and has only so long; what is sent is counted by the kernel, whoever reads it.
/// Only so many are handed on at once, each of which costs some 70 KiB while it shakes hands;
/// others wait their turn. When a crowd has gone, the memory that it took is given back to the
/// system.
///
/// Lifecycle:  open → take and look, whenever waiting() is readable or patience() is over →
///             destroyed; what was handed on stays open.
/// Threads:    one owner; admit() and leave() on any.
/// Errors:     open() says what the system does; who is refused is told of.
class Strangers {
 public:
  /// What the first words must be: a ClientHello of TLS (RFC 8446 §4.1.2), or whatever.
  enum class Speech { kTls, kAny };
  /// Takes over a connection that does not block.
  using Hand = std::function<void(UniqueFd)>;

  /// So many descriptors are left to the rest of the process.
  static constexpr std::size_t kSpare = 64;

  struct Limits {
    Duration begin_within = std::chrono::seconds(5);
    Duration admitted_within = std::chrono::seconds(30);
    std::uint64_t most_bytes = 1U << 20U;  ///< With the handshake.
    std::size_t most_at_once = 1000;
    std::size_t crowd = 64;  ///< So many gone are one.
  };

  /// `refusals` must outlive it.
  static Result<std::unique_ptr<Strangers>> open(Speech speech, Hand hand, Refusals& refusals,
                                                 Limits limits);
  static Result<std::unique_ptr<Strangers>> open(Speech speech, Hand hand, Refusals& refusals) {
    return open(speech, std::move(hand), refusals, Limits());
  }

  /// Readable when one of them has said something.
  int waiting() const { return epoll_.get(); }
  void take(UniqueFd connection);
  /// Hears those who have said something, and shows out who has had his time or sent too much.
  void look();
  /// look() is to be called after this, also when nothing was said.
  int patience_ms() const;
  /// The other end of the connection from there ("10.0.0.1:4711") may send what it likes.
  void admit(const std::string& endpoint);
  /// One that was admitted has gone.
  void leave() { has_left_ = true; }

 private:
  /// Whether there are descriptors to spare, now that the lowest that was free is `newest`.
  bool has_room_for(int newest);
  Strangers(Speech speech, Hand hand, Refusals& refusals, Limits limits)
      : speech_(speech), hand_(std::move(hand)), refusals_(refusals), limits_(limits) {}
  void hear(int fd);
  /// Its first words are there.
  void line_up(int fd);
  /// Those whose turn it is.
  void hand_on_next();
  void hand_on(int fd);
  void drop(int fd, std::string_view why);
  void watch_the_silent(Instant now);
  void watch_the_unadmitted(Instant now);
  void give_memory_back(Instant now);

  struct Silent {
    UniqueFd connection;
    Instant until;
    bool is_in_line = false;
  };
  /// Somebody else reads it; this is a descriptor more.
  struct Unadmitted {
    UniqueFd connection;
    Instant until;
  };

  const Speech speech_;
  const Hand hand_;
  Refusals& refusals_;
  const Limits limits_;
  UniqueFd epoll_;
  std::map<int, Silent> silent_;
  std::deque<int> line_;                          // Of them, some of whom may have gone.
  mutable std::mutex mutex_;                      // Guards the next.
  std::map<std::string, Unadmitted> unadmitted_;  // By where they come from.
  std::atomic<bool> has_left_ = false;            // Somebody, since it was looked.
  std::size_t gone_ = 0;                          // Since memory was given back last.
  Instant went_;                                  // When the last of them did.
  Instant given_back_;
  Instant next_look_;  // At all who are silent.
};

/// Whether these first bytes of a connection are the beginning of a ClientHello, and how many it
/// has with its header; 0: it is not known yet. An Error: they are none.
Result<std::size_t> client_hello_size(std::string_view bytes);

}  // namespace squall::control
