#include "supervisor/peers/peer_link.h"

namespace aloha::supervisor {

void PeerLink::Update(LinkState state) {
  const bool changed = state.paired != state_.paired || state.connected != state_.connected ||
                       state.node.started_us() != state_.node.started_us();
  state_ = std::move(state);
  if (!changed) return;
  for (const auto& handler : on_change_) handler();
}

}  // namespace aloha::supervisor
