#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>

namespace squall::faults {

/// Writes one message to the kernel's rtnetlink (netlink(7)), as bytes.
///
/// Lifecycle:  made with its type, filled in order, taken once.
/// Threads:    one. Errors: none.
class NetlinkWriter {
 public:
  /// `type` is RTM_…, `flags` NLM_F_… besides NLM_F_REQUEST and NLM_F_ACK.
  NetlinkWriter(std::uint16_t type, std::uint16_t flags);

  /// The family's own header, or any other plain struct, padded.
  template <typename T>
  NetlinkWriter& put(const T& plain) {
    static_assert(std::is_trivially_copyable_v<T>);
    return put_bytes({reinterpret_cast<const char*>(&plain), sizeof plain});
  }
  template <typename T>
  NetlinkWriter& attribute(std::uint16_t type, const T& plain) {
    static_assert(std::is_trivially_copyable_v<T>);
    return bytes(type, {reinterpret_cast<const char*>(&plain), sizeof plain});
  }
  NetlinkWriter& bytes(std::uint16_t type, std::string_view value);
  /// With the zero at its end, as the kernel wants its names.
  NetlinkWriter& text(std::uint16_t type, const std::string& value);
  /// Attributes within an attribute: all that is written until end().
  std::size_t begin(std::uint16_t type);
  NetlinkWriter& end(std::size_t begun);

  /// The message, with its length filled in; its sequence number is for whoever sends it.
  std::string take();

 private:
  NetlinkWriter& put_bytes(std::string_view value);

  std::string bytes_;
};

/// Attributes as the kernel writes them, without a message around: for TCA_OPTIONS and the like.
class AttributeWriter {
 public:
  template <typename T>
  AttributeWriter& attribute(std::uint16_t type, const T& plain) {
    static_assert(std::is_trivially_copyable_v<T>);
    return bytes(type, {reinterpret_cast<const char*>(&plain), sizeof plain});
  }
  AttributeWriter& bytes(std::uint16_t type, std::string_view value);
  /// A struct that stands before the attributes.
  template <typename T>
  AttributeWriter& put(const T& plain) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&plain), sizeof plain);
    bytes_.resize((bytes_.size() + 3) & ~std::size_t{3});
    return *this;
  }
  const std::string& written() const { return bytes_; }

 private:
  std::string bytes_;
};

/// The attributes of `bytes` by type, without the flag for nesting; what is torn is left out.
std::map<std::uint16_t, std::string_view> read_attributes(std::string_view bytes);

/// A plain struct at the beginning of `bytes`; all zero when they are too few.
template <typename T>
T read_plain(std::string_view bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  T plain{};
  if (bytes.size() >= sizeof plain) std::memcpy(&plain, bytes.data(), sizeof plain);
  return plain;
}

/// The type of a message (RTM_…); 0 when there is none.
std::uint16_t message_type(std::string_view message);
/// What follows the header of a message.
std::string_view message_body(std::string_view message);

}  // namespace squall::faults
