#include "generators/request/cookie_jar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace squall::generators {
namespace {

constexpr std::size_t kMostCookies = 50;
constexpr std::size_t kLargest = 4096;

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool is_same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool holds_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char letter) {
    return static_cast<unsigned char>(letter) < 0x20 || letter == '\x7f';
  });
}

/// RFC 6265 §5.1.3, for a domain that may begin with a dot.
bool domain_matches(std::string_view host, std::string_view domain) {
  if (domain.starts_with('.')) domain.remove_prefix(1);
  if (domain.empty() || is_same(host, domain)) return true;
  return host.size() > domain.size() && host[host.size() - domain.size() - 1] == '.' &&
         is_same(host.substr(host.size() - domain.size()), domain);
}

/// §5.1.4
std::string_view default_path(std::string_view path) {
  path = path.substr(0, path.find('?'));
  if (!path.starts_with('/')) return "/";
  const std::size_t last = path.rfind('/');
  return last == 0 ? "/" : path.substr(0, last);
}

/// §5.1.4
bool path_matches(std::string_view path, std::string_view cookie_path) {
  path = path.substr(0, path.find('?'));
  return path.starts_with(cookie_path) &&
         (path.size() == cookie_path.size() || cookie_path.ends_with('/') ||
          path[cookie_path.size()] == '/');
}

std::optional<int> number_of(std::string_view digits, std::size_t least, std::size_t most) {
  std::size_t count = 0;
  while (count < digits.size() && digits[count] >= '0' && digits[count] <= '9') ++count;
  if (count < least || count > most) return std::nullopt;
  int number = 0;
  std::from_chars(digits.data(), digits.data() + count, number);
  return number;
}

struct ClockTime {
  int hour = 0, minute = 0, second = 0;
};

std::optional<ClockTime> clock_time(std::string_view token) {
  const std::size_t first = token.find(':');
  const std::size_t second = first == std::string_view::npos ? first : token.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto hours = number_of(token.substr(0, first), 1, 2);
  const auto minutes = number_of(token.substr(first + 1, second - first - 1), 1, 2);
  const auto seconds = number_of(token.substr(second + 1), 1, 2);
  if (!hours || !minutes || !seconds) return std::nullopt;
  return ClockTime{*hours, *minutes, *seconds};
}

std::optional<unsigned> month_of(std::string_view token) {
  constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                     "jul", "aug", "sep", "oct", "nov", "dec"};
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (is_same(token.substr(0, 3), kMonths.at(i))) return static_cast<unsigned>(i + 1);
  }
  return std::nullopt;
}

bool is_delimiter(char letter) {
  return letter == '\t' || (letter >= ' ' && letter <= '/') || (letter >= ';' && letter <= '@') ||
         (letter >= '[' && letter <= '`') || (letter >= '{' && letter <= '~');
}

}  // namespace

bool parse_cookie_date(std::string_view text, CookieJar::Time& time) {
  std::optional<ClockTime> clock;
  std::optional<int> day;
  std::optional<unsigned> month;
  std::optional<int> year;
  while (!text.empty()) {
    if (is_delimiter(text.front())) {
      text.remove_prefix(1);
      continue;
    }
    const auto end = std::find_if(text.begin(), text.end(), is_delimiter);
    const std::string_view token = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(token.size());
    if (!clock && (clock = clock_time(token))) continue;
    if (!day && (day = number_of(token, 1, 2))) continue;
    if (!month && (month = month_of(token))) continue;
    if (!year) year = number_of(token, 2, 4);
  }
  if (!clock || !day || !month || !year) return false;
  if (*year >= 70 && *year <= 99) *year += 1900;
  if (*year >= 0 && *year <= 69) *year += 2000;
  const auto date = std::chrono::year(*year) / std::chrono::month(*month) /
                    std::chrono::day(static_cast<unsigned>(*day));
  if (!date.ok() || *year < 1601 || clock->hour > 23 || clock->minute > 59 || clock->second > 59) {
    return false;
  }
  time = std::chrono::sys_days(date) + std::chrono::hours(clock->hour) +
         std::chrono::minutes(clock->minute) + std::chrono::seconds(clock->second);
  return true;
}

void CookieJar::set(std::string_view header, std::string_view host, std::string_view path,
                    bool secure, Time now) {
  if (header.size() > kLargest || holds_control(header)) return;
  std::size_t end = header.find(';');
  const std::string_view pair = header.substr(0, end);
  const std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return;
  Cookie cookie;
  cookie.name = trimmed(pair.substr(0, equals));
  cookie.value = trimmed(pair.substr(equals + 1));
  if (cookie.name.empty()) return;
  cookie.host = host;
  cookie.path = default_path(path);
  cookie.expires = Time::max();
  bool has_age = false;
  while (end != std::string_view::npos) {
    header.remove_prefix(end + 1);
    end = header.find(';');
    const std::string_view attribute = header.substr(0, end);
    const std::size_t mark = std::min(attribute.find('='), attribute.size());
    const std::string_view key = trimmed(attribute.substr(0, mark));
    const std::string_view value = trimmed(attribute.substr(std::min(mark + 1, attribute.size())));
    if (is_same(key, "secure")) {
      cookie.secure = true;
    } else if (is_same(key, "path")) {
      if (value.starts_with('/')) cookie.path = value;
    } else if (is_same(key, "domain")) {
      if (!domain_matches(host, value)) return;
    } else if (is_same(key, "max-age")) {
      // As long as anybody runs a load; so that no sum overflows.
      constexpr std::int64_t kLongest = 400LL * 24 * 3600;
      std::int64_t seconds = 0;
      const auto [stop, failure] =
          std::from_chars(value.data(), value.data() + value.size(), seconds);
      if (stop != value.data() + value.size() || value.empty()) continue;
      const bool is_huge = failure == std::errc::result_out_of_range;
      if (is_huge) seconds = value.front() == '-' ? 0 : kLongest;
      has_age = true;
      cookie.expires =
          seconds <= 0 ? Time::min() : now + std::chrono::seconds(std::min(seconds, kLongest));
    } else if (is_same(key, "expires") && !has_age) {
      parse_cookie_date(value, cookie.expires);
    }
  }
  if (cookie.secure && !secure) return;  // Not by a connection that anybody may read.

  const auto known = std::find_if(cookies_.begin(), cookies_.end(), [&](const Cookie& other) {
    return other.name == cookie.name && other.host == cookie.host && other.path == cookie.path;
  });
  if (cookie.expires <= now) {
    if (known != cookies_.end()) cookies_.erase(known);
    return;
  }
  if (known != cookies_.end()) {  // It keeps its place: §5.3, step 11.3.
    *known = std::move(cookie);
    return;
  }
  std::erase_if(cookies_, [now](const Cookie& other) { return other.expires <= now; });
  if (cookies_.size() >= kMostCookies) cookies_.erase(cookies_.begin());
  const auto place = std::find_if(cookies_.begin(), cookies_.end(), [&cookie](const Cookie& other) {
    return other.path.size() < cookie.path.size();
  });
  cookies_.insert(place, std::move(cookie));
}

void CookieJar::append_to(std::string& header, std::string_view host, std::string_view path,
                          bool secure, Time now) const {
  for (const Cookie& cookie : cookies_) {
    if (cookie.expires <= now || (cookie.secure && !secure) || cookie.host != host ||
        !path_matches(path, cookie.path)) {
      continue;
    }
    if (!header.empty()) header += "; ";
    header.append(cookie.name).append("=").append(cookie.value);
  }
}

}  // namespace squall::generators
