// Where this node listens for the one it is paired with.
#ifndef ALOHA_SUPERVISOR_CONFIG_LINK_LISTENER_H_
#define ALOHA_SUPERVISOR_CONFIG_LINK_LISTENER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "config/v1/config.pb.h"

namespace aloha::supervisor {

inline constexpr uint32_t kLinkPort = 4443;
// Of management.grpc, where the configuration names none: with both, one has to name another.
inline constexpr uint32_t kRemotePort = 4443;

struct LinkListener {
  std::string address;
  uint32_t port = kLinkPort;
};
// Nothing: high availability is disabled.
std::optional<LinkListener> LinkListenerOf(const config::v1::Config& config);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_LINK_LISTENER_H_
