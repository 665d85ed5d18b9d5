#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "generators/request/prepared_request.h"

struct nghttp2_hd_deflater;

namespace squall::generators::http2 {

/// Encodes the headers of requests (RFC 7541), over nghttp2's encoder.
///
/// A load sends the same few headers over and over. After the first time such a header is all
/// references to the table, which it does not change, so that its bytes are kept and used again, as
/// long as nothing else has changed the table.
///
/// Lifecycle:  as long as its connection: the table is the connection's.
/// Threads:    one owner at a time.
/// Errors:     encode() fails when memory is out.
class HeaderEncoder {
 public:
  HeaderEncoder();

  /// The header block of `fields`, valid until the next call. Empty when memory is out.
  std::string_view encode(const std::vector<HeaderField>& fields);
  /// The server's SETTINGS_HEADER_TABLE_SIZE.
  void limit_table(std::size_t size);

  /// True when a header block changes the table of the one who decodes it.
  static bool changes_table(std::string_view block);

 private:
  struct Free {
    void operator()(nghttp2_hd_deflater* deflater) const;
  };
  struct Kept {
    std::vector<HeaderField> fields;
    std::string block;
  };

  std::unique_ptr<nghttp2_hd_deflater, Free> deflater_;
  std::vector<Kept> kept_;
  std::size_t next_kept_ = 0;  // The one to be replaced next.
  std::size_t in_vain_ = 0;    // Kept since one was last used again.
  std::string block_;
};

}  // namespace squall::generators::http2
