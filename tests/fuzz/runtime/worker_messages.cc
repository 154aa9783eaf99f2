// The first byte chooses a message between the supervisor and its workers; the rest is the message.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "worker/v1/descriptor.pb.h"
#include "worker/v1/roles.pb.h"
#include "worker/v1/snapshot.pb.h"
#include "workers/system/keeper_protocol.h"
#include "workers/system/managed_network.h"
#include "workers/system/socket_set.h"
#include "workers/system/virtual_router.h"
#include "workers/system/vrrp_channel.h"

namespace aloha {
namespace {

// What was parsed once can be written and parsed again.
template <typename Message>
bool Parses(const std::string& bytes, Message& message) {
  if (!message.ParseFromString(bytes)) return false;
  Message again;
  if (!again.ParseFromString(message.SerializeAsString())) abort();
  return true;
}

template <typename Message>
void Parse(const std::string& bytes) {
  Message message;
  (void)Parses(bytes, message);
}

// A worker that holds nothing accepts a snapshot without sockets alone.
void PrepareSystem(const std::string& bytes) {
  worker::v1::Snapshot snapshot;
  if (!Parses(bytes, snapshot)) return;
  system::SocketSet sockets(
      [](const system::SocketName&) { return UniqueFd(); },
      [](const system::SocketName&, std::span<const int>) -> Result<UniqueFd> { abort(); });
  const Result<> prepared = sockets.Prepare(snapshot.system());
  const worker::v1::SystemSnapshot& asked = snapshot.system();
  if (prepared.has_value() != (asked.listeners_size() + asked.vrrp_sockets_size() == 0)) abort();
  if (!prepared && prepared.error().message.empty()) abort();
  sockets.Abort();
}

// What aloha-system may set: every address of it can be written and read again.
void ParseNetwork(const std::string& bytes) {
  worker::v1::SystemSnapshot snapshot;
  if (!Parses(bytes, snapshot)) return;
  for (const worker::v1::VirtualAddresses& config : snapshot.virtual_addresses()) {
    const auto router = system::ParseVirtualRouter(config);
    if (!router) continue;
    if (router->Device().empty() || router->Device().size() > 15) abort();
    for (const system::IpPrefix& prefix : router->addresses) {
      if (system::ParsePrefix(system::ToString(prefix)) != prefix) abort();
    }
  }
  const auto plan = system::ParseNetworkPlan(snapshot.network());
  if (plan && plan->Device().size() > 15) abort();
  if (!plan && plan.error().field.empty()) abort();
}

// A packet of aloha-vrrp names a router and what to do, or ends the channel.
void ReadAddressRequest(const std::string& bytes) {
  const auto request = system::ParseAddressRequest(bytes);
  if (request && (request->router().empty() || request->action() < 1 || request->action() > 3))
    abort();
}

void ReadKeeperPackets(const std::string& bytes) {
  if (const auto arguments = DecodeStart(bytes); arguments && EncodeStart(*arguments) != bytes)
    abort();
  if (const auto report = DecodeReport(bytes); report && !DecodeReport(EncodeReport(*report)))
    abort();
}

}  // namespace
}  // namespace aloha

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace v1 = aloha::worker::v1;
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'a':
      aloha::Parse<v1::Attach>(bytes);
      break;
    case 'd':
      aloha::Parse<v1::Descriptors>(bytes);
      break;
    case 't':
      aloha::Parse<v1::TargetStates>(bytes);
      break;
    case 's':
      aloha::PrepareSystem(bytes);
      break;
    case 'n':
      aloha::ParseNetwork(bytes);
      break;
    case 'v':
      aloha::ReadAddressRequest(bytes);
      break;
    case 'k':
      aloha::ReadKeeperPackets(bytes);
      break;
    default:
      break;
  }
  return 0;
}
