#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "faults/spec/endpoint.h"
#include "faults/spec/network_spec.h"

namespace squall::faults {

inline constexpr std::uint16_t kSshPort = 22;
inline constexpr std::uint16_t kNamePort = 53;

/// Somebody from whom no fault may cut a machine off.
struct ProtectedPeer {
  enum class Who { kCoordinator, kNameServer, kGateway, kMetadata };
  Endpoint at{};  ///< Port 0: whatever is spoken with it.
  Who who = Who::kCoordinator;

  /// Over which it is spoken with ("tcp"); empty: over all that there are.
  std::vector<std::string> transports() const;
  bool operator==(const ProtectedPeer&) const = default;
};

/// Where clouds tell a machine what it is.
ProtectedPeer metadata_service();

/// Whether `side` names this peer: its address, or its port at an address that may be its.
/// A filter that is wider does not name it, though it may meet its packets.
bool names(const TrafficFilter& side, const ProtectedPeer& peer);

/// Why no fault may be so in the network namespace in which an agent is reached: it names SSH, or
/// one of `peers`. None: it may be.
std::optional<std::string> why_protected(const NetworkFault& fault,
                                         const std::vector<ProtectedPeer>& peers);

}  // namespace squall::faults
