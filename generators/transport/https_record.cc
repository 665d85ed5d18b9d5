#include "generators/transport/https_record.h"

#include <algorithm>
#include <utility>

namespace squall::generators {
namespace {

constexpr std::uint16_t kCname = 5;
constexpr std::uint16_t kHttps = 65;
constexpr std::uint16_t kInternet = 1;
constexpr std::size_t kMostName = 255;
constexpr int kMostAliases = 8;

enum Key : std::uint16_t {  // RFC 9460 §14.3.2.
  kMandatory = 0,
  kAlpn = 1,
  kNoDefaultAlpn = 2,
  kPort = 3,
  kIpv4Hint = 4,
  kIpv6Hint = 6,
  kInvalid = 65535,
};

using Bytes = std::span<const std::uint8_t>;

/// Reads on until something is not there; then `ok` is false, and all that is read is 0.
struct Reader {
  Bytes whole;
  std::size_t at = 0;
  bool ok = true;

  bool is_at_end() const { return at >= whole.size(); }
  Bytes bytes(std::size_t count) {
    if (!ok || whole.size() - at < count) {
      ok = false;
      return {};
    }
    return whole.subspan(std::exchange(at, at + count), count);
  }
  std::uint8_t one() {
    const Bytes read = bytes(1);
    return read.empty() ? std::uint8_t{0} : read[0];
  }
  std::uint16_t two() {
    const std::uint16_t high = one();
    return static_cast<std::uint16_t>(high << 8U | one());
  }
  std::uint32_t four() {
    const std::uint32_t high = two();
    return high << 16U | two();
  }
};

char lower(std::uint8_t letter) {
  const char c = static_cast<char>(letter);
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// A name (RFC 1035 §3.1), in lower case and without its last dot. What is compressed (§4.1.4) must
/// go back all the time, so that it comes to an end.
std::string read_name(Reader& in, bool may_be_compressed) {
  constexpr unsigned kPointer = 0xc0;
  std::string name;
  Reader from = in;
  bool has_jumped = false;
  std::size_t least = in.at;  // Where the part began that is being read.
  for (;;) {
    const std::uint8_t size = from.one();
    if (!from.ok) break;
    if ((size & kPointer) == kPointer) {
      const std::size_t to = (size & ~kPointer) << 8U | from.one();
      if (!from.ok || !may_be_compressed || to >= least) break;
      if (!std::exchange(has_jumped, true)) in.at = from.at;
      least = from.at = to;
      continue;
    }
    if ((size & kPointer) != 0) break;
    if (size == 0) {
      if (!has_jumped) in.at = from.at;
      return name;
    }
    const Bytes label = from.bytes(size);
    if (!from.ok || name.size() + size + 1 > kMostName) break;
    if (!name.empty()) name += '.';
    for (const std::uint8_t letter : label) name += lower(letter);
  }
  in.ok = false;
  return {};
}

bool read_alpn(Reader value, ServiceRecord& record) {
  while (value.ok && !value.is_at_end()) {
    const Bytes id = value.bytes(value.one());
    if (id.empty()) return false;
    record.alpn.emplace_back(id.begin(), id.end());
  }
  return value.ok && !record.alpn.empty();
}

template <class Address>
bool read_hints(Reader value, ServiceRecord& record) {
  typename Address::bytes_type address{};
  const std::size_t size = value.whole.size();
  if (size == 0 || size % address.size() != 0) return false;
  while (!value.is_at_end()) {
    const Bytes read = value.bytes(address.size());
    std::copy(read.begin(), read.end(), address.begin());
    record.hints.emplace_back(Address(address));
  }
  return true;
}

/// Those that must be understood (RFC 9460 §8), in their order; none when that is malformed.
std::optional<std::vector<std::uint16_t>> read_mandatory(Reader value) {
  std::vector<std::uint16_t> keys;
  while (!value.is_at_end()) {
    const std::uint16_t key = value.two();
    const bool is_in_order = keys.empty() || keys.back() < key;
    if (!value.ok || key == kMandatory || !is_in_order) return std::nullopt;
    keys.push_back(key);
  }
  if (keys.empty()) return std::nullopt;
  return keys;
}

bool is_known(std::uint16_t key) {
  return key == kAlpn || key == kNoDefaultAlpn || key == kPort || key == kIpv4Hint ||
         key == kIpv6Hint;
}

bool read_parameter(std::uint16_t key, Bytes bytes, ServiceRecord& record) {
  Reader value{bytes};
  switch (key) {
    case kAlpn:
      return read_alpn(value, record);
    case kNoDefaultAlpn:
      record.has_default_alpn = false;
      return bytes.empty();
    case kPort:
      record.port = value.two();
      return value.ok && value.is_at_end();
    case kIpv4Hint:
      return read_hints<asio::ip::address_v4>(value, record);
    case kIpv6Hint:
      return read_hints<asio::ip::address_v6>(value, record);
    case kInvalid:
      return false;
    default:
      return true;
  }
}

}  // namespace

std::optional<ServiceRecord> parse_service_data(std::span<const std::uint8_t> data) {
  Reader in{data};
  ServiceRecord record;
  record.priority = in.two();
  record.target = read_name(in, false);
  if (!in.ok) return std::nullopt;
  if (record.is_alias()) return record;  // Parameters have no meaning then (§2.4.2).
  std::vector<std::uint16_t> mandatory;
  std::vector<std::uint16_t> keys;
  while (!in.is_at_end()) {
    const std::uint16_t key = in.two();
    const Bytes value = in.bytes(in.two());
    const bool is_in_order = keys.empty() || keys.back() < key;
    if (!in.ok || !is_in_order) return std::nullopt;
    keys.push_back(key);
    if (key == kMandatory) {
      auto read = read_mandatory({value});
      if (!read) return std::nullopt;
      mandatory = *std::move(read);
    } else if (!read_parameter(key, value, record)) {
      return std::nullopt;
    }
  }
  if (!record.has_default_alpn && record.alpn.empty()) return std::nullopt;  // §7.1.1.
  for (const std::uint16_t key : mandatory) {
    if (!std::binary_search(keys.begin(), keys.end(), key)) return std::nullopt;
    record.is_understood = record.is_understood && is_known(key);
  }
  return record;
}

std::optional<std::vector<ServiceRecord>> parse_https_answer(std::span<const std::uint8_t> message,
                                                             std::string_view name) {
  Reader in{message};
  in.bytes(4);  // Identity and flags: who asked has looked at them.
  const std::uint16_t questions = in.two();
  const std::uint16_t answers = in.two();
  in.bytes(4);
  for (unsigned i = 0; in.ok && i < questions; ++i) {
    read_name(in, true);
    in.bytes(4);
  }
  struct Answer {
    std::string owner;
    ServiceRecord record;
  };
  std::vector<std::pair<std::string, std::string>> aliases;
  std::vector<Answer> records;
  for (unsigned i = 0; in.ok && i < answers; ++i) {
    std::string owner = read_name(in, true);
    const std::uint16_t type = in.two();
    const std::uint16_t of_class = in.two();
    const std::uint32_t ttl = in.four();
    const std::uint16_t size = in.two();
    Reader data{in.whole, in.at};  // A CNAME's may point back into the message.
    const Bytes bytes = in.bytes(size);
    if (!in.ok) break;
    if (of_class != kInternet) continue;
    if (type == kCname) {
      std::string alias = read_name(data, true);
      if (!data.ok || data.at != in.at) return std::nullopt;
      aliases.emplace_back(std::move(owner), std::move(alias));
    } else if (type == kHttps) {
      auto record = parse_service_data(bytes);
      if (!record) return std::nullopt;
      constexpr std::uint32_t kMostTtl = 0x7fffffff;  // RFC 2181 §8.
      record->holds = std::chrono::seconds(ttl > kMostTtl ? 0 : ttl);
      records.push_back({std::move(owner), *std::move(record)});
    }
  }
  if (!in.ok) return std::nullopt;
  std::string owner(name);
  std::transform(owner.begin(), owner.end(), owner.begin(),
                 [](char c) { return lower(static_cast<std::uint8_t>(c)); });
  for (int i = 0; i < kMostAliases; ++i) {
    const auto alias = std::find_if(aliases.begin(), aliases.end(),
                                    [&](const auto& one) { return one.first == owner; });
    if (alias == aliases.end()) break;
    owner = alias->second;
  }
  std::vector<ServiceRecord> found;
  for (Answer& one : records) {
    if (one.owner == owner) found.push_back(std::move(one.record));
  }
  std::stable_sort(found.begin(), found.end(), [](const ServiceRecord& a, const ServiceRecord& b) {
    return a.priority < b.priority;
  });
  return found;
}

std::string https_record_name(const std::string& host, std::uint16_t port) {
  constexpr std::uint16_t kDefault = 443;
  return port == kDefault ? host : "_" + std::to_string(port) + "._https." + host;
}

}  // namespace squall::generators
