// What administrators see of the nodes.
#include <algorithm>

#include "supervisor/config/address.h"
#include "supervisor/config/link_listener.h"
#include "supervisor/peers/node_calls.h"
#include "supervisor/peers/peers.h"
#include "workers/node/node_certificate.h"

namespace aloha::supervisor {
namespace v1 = worker::v1;
namespace {

std::string FingerprintOf(const v1::NodeIdentity& identity) {
  const Result<node::NodeKey> key = node::ToNodeKey(identity.node_key());
  return key ? node::Fingerprint(*key) : "";
}

void Count(const v1::GatewayStats& stats, admin::v1::NodeCounters& counters) {
  counters.set_accepted_total(stats.accepted_total());
  *counters.mutable_refused_total() = stats.refused_total();
  counters.set_connected_total(stats.connected_total());
  counters.set_connect_failed_total(stats.connect_failed_total());
  counters.set_bytes_sent_total(stats.bytes_sent_total());
  counters.set_bytes_received_total(stats.bytes_received_total());
}

}  // namespace

admin::v1::Node Peers::Describe() const {
  admin::v1::Node node;
  if (!peer_) return node;
  node.set_name(peer_->node().name());
  node.set_fingerprint(FingerprintOf(peer_->node()));
  node.set_paired_s(peer_->paired_s());
  const auto [address, port] = PeerAddress();
  if (!address.empty()) node.set_address(FormatEndpoint(address, port));
  const LinkState& state = link_.state();
  admin::v1::NodeLink* link = node.mutable_link();
  link->set_connected(state.connected);
  link->set_reason(state.reason);
  link->set_since_us(
      std::chrono::duration_cast<std::chrono::microseconds>(state.since.time_since_epoch())
          .count());
  link->set_version(state.node.version());
  link->set_round_trip_us(static_cast<uint64_t>(state.round_trip.count()));
  return node;
}

asio::awaitable<Result<admin::v1::Nodes>> Peers::List() {
  if (!LinkListenerOf(config_())) {
    co_return Fail(Code::kFailedPrecondition, "high availability is disabled on this node");
  }
  const auto known =
      co_await CallNodeKeys(fleet_, &v1::NodeKeys::Stub::async::GetNode, v1::GetNodeRequest());
  if (!known) co_return tl::make_unexpected(known.error());
  admin::v1::Nodes nodes;
  nodes.set_fingerprint(FingerprintOf(known->self()));
  nodes.set_code_expires_s(known->code_expires_s());
  *nodes.mutable_counters()->mutable_pairing_refused_total() = known->refused_total();
  const auto stats = co_await CallGateway(fleet_, &v1::Gateway::Stub::async::GetGatewayStats,
                                          v1::GetGatewayStatsRequest());
  if (stats) Count(*stats, *nodes.mutable_counters());  // it does not run: high availability is off
  if (peer_) *nodes.mutable_peer() = Describe();
  co_return nodes;
}

}  // namespace aloha::supervisor
