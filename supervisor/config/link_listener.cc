#include "supervisor/config/link_listener.h"

#include "supervisor/config/address.h"

namespace aloha::supervisor {

std::optional<LinkListener> LinkListenerOf(const config::v1::Config& config) {
  using config::v1::HighAvailability;
  const HighAvailability& ha = config.high_availability();
  if (ha.role() != HighAvailability::MASTER && ha.role() != HighAvailability::BACKUP)
    return std::nullopt;
  LinkListener listener;
  if (ha.has_link_port()) listener.port = ha.link_port();
  if (ha.has_link_address()) {
    listener.address = ha.link_address();
  } else {
    // The other node is reached as it reaches this one.
    const std::string& sign = ha.peer_size() > 0              ? ha.peer(0)
                              : ha.virtual_address_size() > 0 ? ha.virtual_address(0)
                                                              : ha.link_address();
    const auto network = ParseNetwork(sign);
    listener.address = network && network->address.v6 ? "::" : "0.0.0.0";
  }
  return listener;
}

}  // namespace aloha::supervisor
