#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/ip/udp.hpp>

#include "harness/runtime/asio.h"

namespace squall::test {

/// A DNS server on 127.0.0.1, on the loop of the test: answers with what `names` says at that
/// moment, and with NXDOMAIN to the rest (RFC 1035 §4).
class SmallDnsServer {
 public:
  struct Record {
    std::vector<std::string> addresses;
    std::uint32_t ttl = 60;
  };

  explicit SmallDnsServer(asio::io_context& loop)
      : socket_(loop, asio::ip::udp::endpoint(asio::ip::make_address("127.0.0.1"), 0)) {
    receive();
  }

  /// "127.0.0.1:PORT".
  std::string address() const {
    return "127.0.0.1:" + std::to_string(socket_.local_endpoint().port());
  }

  std::map<std::string, Record> names;
  /// The data of records of type HTTPS (RFC 9460), as they go over the wire; with a TTL of 60 s.
  std::map<std::string, std::vector<std::string>> services;
  int service_questions = 0;
  int questions = 0;    ///< For IPv4 addresses: each look-up asks for those of IPv6 as well.
  bool answers = true;  ///< Else it is silent.

 private:
  static constexpr std::size_t kHeader = 12;
  static constexpr std::uint16_t kA = 1;
  static constexpr std::uint16_t kAaaa = 28;
  static constexpr std::uint16_t kHttps = 65;

  void receive() {
    socket_.async_receive_from(asio::buffer(buffer_), from_,
                               [this](const boost::system::error_code& failed, std::size_t size) {
                                 if (failed) return;
                                 answer({buffer_.data(), size});
                                 receive();
                               });
  }

  void answer(const std::string& asked) {
    std::string name;
    std::size_t at = kHeader;
    while (at < asked.size() && asked[at] != 0) {
      const auto size = static_cast<unsigned char>(asked[at]);
      if (!name.empty()) name += '.';
      name += asked.substr(at + 1, size);
      at += 1U + size;
    }
    if (at + 5 > asked.size()) return;
    const auto type = static_cast<std::uint16_t>(static_cast<unsigned char>(asked[at + 2]));
    const std::string question = asked.substr(kHeader, at + 5 - kHeader);
    if (type == kA) ++questions;
    if (type == kHttps) ++service_questions;
    if (!answers) return;

    std::string records;
    std::uint16_t count = 0;
    const auto known = names.find(name);
    if (known != names.end()) {
      for (const std::string& text : known->second.addresses) {
        const auto address = asio::ip::make_address(text);
        if ((type == kA) != address.is_v4() || (type != kA && type != kAaaa)) continue;
        records += std::string("\xc0\x0c", 2) + two(type) + two(1) + two(0) +
                   two(static_cast<std::uint16_t>(known->second.ttl));
        if (address.is_v4()) {
          const auto bytes = address.to_v4().to_bytes();
          records += two(4) + std::string(bytes.begin(), bytes.end());
        } else {
          const auto bytes = address.to_v6().to_bytes();
          records += two(16) + std::string(bytes.begin(), bytes.end());
        }
        ++count;
      }
    }
    const auto service = services.find(name);
    if (type == kHttps && service != services.end()) {
      for (const std::string& data : service->second) {
        records += std::string("\xc0\x0c", 2) + two(type) + two(1) + two(0) + two(60) +
                   two(static_cast<std::uint16_t>(data.size())) + data;
        ++count;
      }
    }
    // A recursive answer, without or with "no such name".
    const std::string flags =
        known != names.end() || count > 0 ? std::string("\x81\x80", 2) : "\x81\x83";
    const std::string reply =
        asked.substr(0, 2) + flags + two(1) + two(count) + two(0) + two(0) + question + records;
    socket_.send_to(asio::buffer(reply), from_);
  }

  static std::string two(std::uint16_t number) {
    return {static_cast<char>(number >> 8U), static_cast<char>(number & 0xffU)};
  }

  asio::ip::udp::socket socket_;
  asio::ip::udp::endpoint from_;
  std::array<char, 512> buffer_{};
};

}  // namespace squall::test
