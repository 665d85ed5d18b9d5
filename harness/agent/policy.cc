#include "harness/agent/policy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <span>
#include <variant>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>

namespace squall::agent {
namespace {

/// The bytes of an address: 4 or 16 of them, none of what is none.
std::vector<unsigned char> bytes_of(const std::string& text) {
  constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  std::array<unsigned char, 16> room{};
  if (text.find('\0') != std::string::npos) return {};
  if (inet_pton(AF_INET, text.c_str(), room.data()) == 1) return {room.begin(), room.begin() + 4};
  if (inet_pton(AF_INET6, text.c_str(), room.data()) != 1) return {};
  if (std::equal(kMapped.begin(), kMapped.end(), room.begin()))
    return {room.begin() + 12, room.end()};
  return {room.begin(), room.end()};
}

bool begin_alike(std::span<const unsigned char> a, std::span<const unsigned char> b,
                 std::size_t bits) {
  constexpr std::size_t kByte = 8;
  for (std::size_t i = 0; i < bits; ++i) {
    const unsigned mask = 0x80U >> (i % kByte);
    if ((a[i / kByte] & mask) != (b[i / kByte] & mask)) return false;
  }
  return true;
}

bool has(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::string kind_of(const faults::FaultSpec& fault) {
  if (std::holds_alternative<faults::ProcessFault>(fault.what)) return "process";
  if (std::holds_alternative<faults::NetworkFault>(fault.what)) return "network";
  if (std::holds_alternative<faults::LinkFault>(fault.what)) return "link";
  if (std::holds_alternative<faults::QuicFault>(fault.what)) return "quic";
  return std::string(std::get<faults::PressureFault>(fault.what).resource());
}

/// The greatest share that it may lose; what is corrupted is lost to whoever gets it.
double loss_of(const faults::NetworkFault& fault) {
  if (fault.partition || fault.reject || fault.gilbert_elliott) return 1;
  const double lost = fault.loss_every
                          ? 1.0 / static_cast<double>(std::max<std::uint64_t>(1, *fault.loss_every))
                          : fault.loss.value_or(Share{}).value;
  const double corrupt = fault.corrupt.value_or(Share{}).value;
  return lost + corrupt - lost * corrupt;  // Each packet meets the one and the other by chance.
}

void look_at(const Policy& policy, const faults::NetworkFault& fault,
             std::vector<std::string>& refused) {
  if (fault.namespace_name || fault.namespace_of) {
    refused.emplace_back("another network namespace");
  } else if (!has(policy.interfaces, fault.interface)) {
    refused.push_back("interface " + fault.interface);
  }
  const Duration delay = fault.delay.value_or(Duration()) + fault.jitter.value_or(Duration());
  if (policy.delay && delay > *policy.delay) {
    refused.push_back(fmt::format("a delay of {} ms, limit {} ms", to_milliseconds(delay),
                                  to_milliseconds(*policy.delay)));
  }
  if (policy.loss && loss_of(fault) > policy.loss->value) {
    refused.push_back(fmt::format("a loss of {:g} %, limit {:g} %", 100 * loss_of(fault),
                                  100 * policy.loss->value));
  }
  // A rate can delay and lose whatever there is.
  const bool is_bounded = policy.delay || policy.loss || policy.rate_bits_per_second;
  if (fault.rate_bits_per_second && is_bounded) {
    if (!policy.rate_bits_per_second) {
      refused.emplace_back("a rate, as delay or loss is limited and 'rate' does not say how low");
    } else if (*fault.rate_bits_per_second < *policy.rate_bits_per_second) {
      refused.push_back(fmt::format("a rate of {:g} kbit/s, at least {:g} kbit/s",
                                    *fault.rate_bits_per_second / 1e3,
                                    *policy.rate_bits_per_second / 1e3));
    }
  }
}

/// Processes are known by their names alone.
void look_at(const Policy& policy, const faults::ProcessMatch& match,
             std::vector<std::string>& refused) {
  if (!match.name) {
    refused.emplace_back("processes that are not matched by their name");
  } else if (!has(policy.processes, *match.name)) {
    refused.push_back("process " + *match.name);
  }
}

}  // namespace

bool is_within(const std::string& address, const std::string& block) {
  const std::size_t slash = block.find('/');
  const std::vector<unsigned char> own = bytes_of(address);
  const std::vector<unsigned char> its = bytes_of(block.substr(0, slash));
  if (own.empty() || own.size() != its.size()) return false;
  std::size_t bits = 8 * its.size();
  if (slash != std::string::npos) {
    const std::string digits = block.substr(slash + 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size() ||
        bits > 8 * its.size()) {
      return false;
    }
  }
  return begin_alike(own, its, bits);
}

std::vector<std::string> Policy::against(const generators::TargetSpec& target) const {
  std::vector<std::string> refused;
  for (const generators::Url& url : target.urls) {
    const auto known = target.resolve.find(url.host);
    const std::vector<std::string> addresses =
        known == target.resolve.end() ? std::vector{url.host} : known->second;
    for (const std::string& address : addresses) {
      const bool is_allowed =
          std::any_of(load_to.begin(), load_to.end(),
                      [&](const std::string& block) { return is_within(address, block); });
      if (is_allowed) continue;
      refused.push_back(fmt::format("load to {} (target {})", address, target.name));
    }
  }
  return refused;
}

std::vector<std::string> Policy::against(const faults::FaultSpec& fault) const {
  std::vector<std::string> refused;
  const std::string kind = kind_of(fault);
  if (!has(kinds, kind)) refused.push_back("faults of kind " + kind);
  if (fault.length && *fault.length > longest) {
    refused.push_back(
        fmt::format("{:g} s of it, limit {:g} s", to_seconds(*fault.length), to_seconds(longest)));
  }
  if (const auto* network = std::get_if<faults::NetworkFault>(&fault.what)) {
    look_at(*this, *network, refused);
  }
  if (const auto* process = std::get_if<faults::ProcessFault>(&fault.what)) {
    look_at(*this, process->match, refused);
  }
  if (const auto* pressure = std::get_if<faults::PressureFault>(&fault.what)) {
    const auto* files = std::get_if<faults::DescriptorsPressure>(&pressure->what);
    if (files != nullptr && files->of) look_at(*this, *files->of, refused);
  }
  const std::string subject = "fault " + fault.name + ": ";
  for (std::string& why : refused) why.insert(0, subject);
  return refused;
}

Result<void> pin_addresses(generators::TargetSpec& target) {
  for (const generators::Url& url : target.urls) {
    if (!bytes_of(url.host).empty() || target.resolve.contains(url.host)) continue;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int failed = getaddrinfo(url.host.c_str(), nullptr, &hints, &found); failed != 0) {
      return error(std::errc::invalid_argument,
                   fmt::format("look up {}: {}", url.host, gai_strerror(failed)));
    }
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
      std::array<char, NI_MAXHOST> text{};
      if (getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
        target.resolve[url.host].emplace_back(text.data());
      }
    }
    freeaddrinfo(found);
  }
  return {};
}

}  // namespace squall::agent
