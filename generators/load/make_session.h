#pragma once

#include <cstdint>
#include <memory>

#include "generators/session/client_session.h"
#include "generators/spec/target_spec.h"
#include "generators/transport/byte_stream.h"

namespace squall::generators {

/// The session that speaks `protocol` on `stream`. With kAuto it is what ALPN agreed on, and
/// HTTP/1.1 where nothing was agreed, or there is no TLS. `first_stream` is for HTTP/2, where
/// streams have numbers.
std::unique_ptr<ClientSession> make_session(Protocol protocol, const ByteStream& stream,
                                            ClientSession::Observer& observer,
                                            std::int32_t first_stream = 1);

}  // namespace squall::generators
