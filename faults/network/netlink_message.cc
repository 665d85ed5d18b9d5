#include "faults/network/netlink_message.h"

#include <algorithm>
#include <utility>

#include <linux/netlink.h>

namespace squall::faults {
namespace {

std::size_t aligned(std::size_t size) { return (size + NLA_ALIGNTO - 1) & ~std::size_t{3}; }

void append_attribute(std::string& to, std::uint16_t type, std::string_view value) {
  const nlattr header{.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + value.size()),
                      .nla_type = type};
  to.append(reinterpret_cast<const char*>(&header), sizeof header);
  to.append(value);
  to.resize(aligned(to.size()));
}

}  // namespace

NetlinkWriter::NetlinkWriter(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST | NLM_F_ACK);
  put(header);
}

NetlinkWriter& NetlinkWriter::put_bytes(std::string_view value) {
  bytes_.append(value);
  bytes_.resize(aligned(bytes_.size()));
  return *this;
}

NetlinkWriter& NetlinkWriter::bytes(std::uint16_t type, std::string_view value) {
  append_attribute(bytes_, type, value);
  return *this;
}

NetlinkWriter& NetlinkWriter::text(std::uint16_t type, const std::string& value) {
  return bytes(type, {value.c_str(), value.size() + 1});
}

std::size_t NetlinkWriter::begin(std::uint16_t type) {
  const std::size_t begun = bytes_.size();
  put(nlattr{.nla_len = 0, .nla_type = type});
  return begun;
}

NetlinkWriter& NetlinkWriter::end(std::size_t begun) {
  const auto length = static_cast<std::uint16_t>(bytes_.size() - begun);
  std::memcpy(&bytes_[begun], &length, sizeof length);
  return *this;
}

std::string NetlinkWriter::take() {
  const auto length = static_cast<std::uint32_t>(bytes_.size());
  std::memcpy(bytes_.data(), &length, sizeof length);
  return std::move(bytes_);
}

AttributeWriter& AttributeWriter::bytes(std::uint16_t type, std::string_view value) {
  append_attribute(bytes_, type, value);
  return *this;
}

std::map<std::uint16_t, std::string_view> read_attributes(std::string_view bytes) {
  std::map<std::uint16_t, std::string_view> attributes;
  while (bytes.size() >= NLA_HDRLEN) {
    const auto header = read_plain<nlattr>(bytes);
    if (header.nla_len < NLA_HDRLEN || header.nla_len > bytes.size()) break;
    attributes[header.nla_type & NLA_TYPE_MASK] =
        bytes.substr(NLA_HDRLEN, header.nla_len - std::size_t{NLA_HDRLEN});
    bytes.remove_prefix(std::min(aligned(header.nla_len), bytes.size()));
  }
  return attributes;
}

std::uint16_t message_type(std::string_view message) {
  return read_plain<nlmsghdr>(message).nlmsg_type;
}

std::string_view message_body(std::string_view message) {
  return message.substr(std::min<std::size_t>(message.size(), NLMSG_HDRLEN));
}

}  // namespace squall::faults
