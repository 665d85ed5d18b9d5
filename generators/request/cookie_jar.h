#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace squall::generators {

/// The cookies that one user keeps (RFC 6265, less what only a browser needs).
///
/// Every cookie belongs to the very host that set it: `Domain` may name a parent of it, but makes
/// the cookie go nowhere else. Path, Secure, Max-Age, Expires and deletion are as in the RFC;
/// HttpOnly, SameSite and the rest say nothing here.
///
/// Lifecycle:  a value; an empty one owns no memory.
/// Threads:    one owner at a time.
/// Errors:     a cookie that cannot be read, or is larger than 4 KiB, is passed over (§5.2); of
///             more than 50, the oldest are dropped (§6.1).
class CookieJar {
 public:
  using Time = std::chrono::sys_seconds;

  /// Takes the value of a Set-Cookie header that `host` sent in answer to a request for `path`.
  void set(std::string_view header, std::string_view host, std::string_view path, bool secure,
           Time now);
  /// Appends what the `cookie` header of a request says, if anything: "a=1; b=2".
  void append_to(std::string& header, std::string_view host, std::string_view path, bool secure,
                 Time now) const;

  std::size_t size() const { return cookies_.size(); }
  void clear() { cookies_.clear(); }

 private:
  struct Cookie {
    std::string name;
    std::string value;
    std::string host;
    std::string path;
    Time expires;  // The end of all time, for one of the session.
    bool secure = false;
  };

  std::vector<Cookie> cookies_;  // Longer paths first, then older first (§5.4): as they are sent.
};

/// A date as cookies have it (RFC 6265 §5.1.1), which is read leniently; the epoch's end of time
/// never. False when it is none.
bool parse_cookie_date(std::string_view text, CookieJar::Time& time);

}  // namespace squall::generators
