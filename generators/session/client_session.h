#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "generators/session/request_session.h"

namespace squall::generators {

/// A session over a stream of bytes: HTTP/1.1 and HTTP/2. Bytes in, bytes out, events.
///
/// Whoever owns it feeds receive() with what the server sent, and sends what take_output() gives.
///
/// Lifecycle:  made with the connection; what opens it is the first output.
/// Threads:    as RequestSession.
/// Errors:     receive() answers false when the server broke the protocol beyond repair.
class ClientSession : public RequestSession {
 public:
  /// Takes what the server sent. False when the connection cannot go on; what take_output() still
  /// has then says why to the server.
  virtual bool receive(std::string_view bytes) = 0;
  /// The server has closed its side: a request whose answer lasts until then ends as kWhole.
  virtual void receive_end() = 0;
  /// Appends to `out` what is to be sent, until `out` has `enough` bytes or nothing is left. False
  /// when the connection cannot go on.
  virtual bool take_output(std::string& out, std::size_t enough) = 0;
  /// True when the server broke the protocol: what there may still be to send only says so.
  virtual bool has_failed() const { return false; }
};

}  // namespace squall::generators
