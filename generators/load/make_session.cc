#include "generators/load/make_session.h"

#include "generators/http1/http1_session.h"
#include "generators/http2/http2_session.h"

namespace squall::generators {

std::unique_ptr<ClientSession> make_session(Protocol protocol, const ByteStream& stream,
                                            ClientSession::Observer& observer,
                                            std::int32_t first_stream) {
  const bool is_http1 =
      protocol == Protocol::kH1 || (protocol == Protocol::kAuto && stream.protocol() != kAlpnH2);
  if (is_http1) return std::make_unique<Http1Session>(observer);
  return std::make_unique<Http2Session>(observer, first_stream);
}

}  // namespace squall::generators
