#pragma once

#include <memory>

#include "generators/session/client_session.h"
#include "generators/spec/target_spec.h"
#include "generators/transport/byte_stream.h"

namespace squall::generators {

/// The session that speaks `protocol` on `stream`. With kAuto it is what ALPN agreed on, and
/// HTTP/1.1 where nothing was agreed, or there is no TLS.
std::unique_ptr<ClientSession> make_session(Protocol protocol, const ByteStream& stream,
                                            ClientSession::Observer& observer);

}  // namespace squall::generators
