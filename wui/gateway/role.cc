#include "wui/gateway/role.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grpcpp/create_channel_posix.h>

#include <asio/post.hpp>
#include <string_view>
#include <utility>

#include "workers/net/address.h"
#include "workers/net/listening_socket.h"
#include "workers/runtime/grpc_status.h"

namespace aloha::gateway {
namespace {

constexpr int kMaxMessageBytes = 16 << 20;
constexpr int kMaxRemoteMessageBytes = 64 << 20;  // a configuration comes as text and as message
constexpr int kMaxMetadataBytes = 4 << 20;        // it may be wrong in thousands of places
constexpr std::string_view kPeerMethods = "/aloha.peer.v1.Peer/";

}  // namespace

GatewayRole::GatewayRole(WorkerContext context)
    : context_(context),
      dialer_(context.loop, identity_, bytes_),
      peer_(dialer_),
      entrance_(context.loop, context.log, identity_, supervisor_, bytes_),
      remote_tls_(context.log),
      remote_(context.loop, context.log, management_, refusals_, bytes_),
      to_peer_([this](const CallHead& call, std::function<void(RouteOrStatus)> answer) {
        FindPeer(call.method, std::move(answer));
      }),
      service_(context.loop, identity_, dialer_,
               [this](worker::v1::GatewayStats& stats) { FillStats(stats); }),
      remote_service_(context.loop, refusals_) {}

Result<UniqueFd> GatewayRole::TakeListener(const worker::v1::GatewayListener& wanted,
                                           const worker::v1::GatewayListener* open,
                                           const char* field) {
  if (open != nullptr && open->address() == wanted.address() && open->port() == wanted.port())
    return UniqueFd();
  const auto address = net::Address::Parse(wanted.address(), wanted.port());
  if (!address) return tl::make_unexpected(address.error());
  UniqueFd listener = context_.descriptors.TakeListener(wanted.address(), wanted.port());
  if (!listener)
    return Fail(Code::kFailedPrecondition, "its listening socket did not arrive", field);
  if (auto verified = net::VerifyListener(listener.get(), *address); !verified)
    return tl::make_unexpected(verified.error());
  return listener;
}

Result<RemoteAdmission> GatewayRole::PrepareRemote(
    const worker::v1::ManagementListener& management) {
  RemoteAdmission admission;
  auto context = remote_tls_.MakeContext(management.certificate());
  if (!context)
    return Fail(context.error().code, context.error().message, "gateway.management.certificate");
  admission.context = std::move(*context);
  auto trust = ClientTrust::Make(management.trust_anchors());
  if (!trust)
    return Fail(trust.error().code, trust.error().message, "gateway.management.trust_anchors");
  admission.trust = std::move(*trust);
  for (const std::string& network : management.allow_from()) {
    if (auto added = admission.allow_from.Add(network); !added)
      return Fail(added.error().code, added.error().message, "gateway.management.allow_from");
  }
  return admission;
}

Result<> GatewayRole::Prepare(const worker::v1::Snapshot& snapshot) {
  prepared_.reset();
  if (!snapshot.has_gateway())
    return Fail(Code::kInvalidArgument, "the snapshot is not one for aloha-gateway", "gateway");
  Prepared prepared{snapshot.gateway(), {}, {}, {}, {}};
  prepared.admission.joining = prepared.snapshot.joining();
  if (prepared.snapshot.has_peer()) {
    const Result<node::NodeKey> key = node::ToNodeKey(prepared.snapshot.peer().node_key());
    if (!key) return Fail(key.error().code, key.error().message, "gateway.peer.node_key");
    prepared.admission.peer = *key;
    prepared.admission.peer_address = prepared.snapshot.peer().address();
  }
  if (prepared.snapshot.has_listener()) {
    auto listener =
        TakeListener(prepared.snapshot.listener(),
                     entrance_.listening() ? &running_.listener() : nullptr, "gateway.listener");
    if (!listener) return tl::make_unexpected(listener.error());
    prepared.listener = std::move(*listener);
  }
  if (prepared.snapshot.has_management()) {
    const worker::v1::ManagementListener& management = prepared.snapshot.management();
    auto remote = PrepareRemote(management);
    if (!remote) return tl::make_unexpected(remote.error());
    prepared.remote = std::move(*remote);
    auto listener = TakeListener(management.listener(),
                                 remote_.listening() ? &running_.management().listener() : nullptr,
                                 "gateway.management.listener");
    if (!listener) return tl::make_unexpected(listener.error());
    prepared.remote_listener = std::move(*listener);
  }
  prepared_ = std::move(prepared);
  return {};
}

void GatewayRole::Commit() {
  Prepared prepared = std::move(*prepared_);
  prepared_.reset();
  entrance_.Admit(prepared.admission);
  if (prepared.listener || !prepared.snapshot.has_listener())
    entrance_.Listen(std::move(prepared.listener));
  remote_.Admit(std::move(prepared.remote));
  if (prepared.remote_listener || !prepared.snapshot.has_management())
    remote_.Listen(std::move(prepared.remote_listener));
  peer_.SetPeer(prepared.snapshot.has_peer() ? std::optional(prepared.snapshot.peer())
                                             : std::nullopt);
  running_ = std::move(prepared.snapshot);
}

void GatewayRole::Drain(std::chrono::milliseconds, std::function<void(uint32_t cut)> done) {
  entrance_.Listen({});
  entrance_.Admit({});
  remote_.Listen({});
  remote_.Admit(std::nullopt);
  peer_.SetPeer(std::nullopt);
  done(0);
}

void GatewayRole::OnPeer(const std::string& role, UniqueFd socket) {
  if (role == "keys") return remote_tls_.UseKeys(std::move(socket));
  const bool remote = role == "management";
  if (role != "supervisor" && !remote) return;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(remote ? kMaxRemoteMessageBytes : kMaxMessageBytes);
  if (remote) arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  UniqueFd life(remote ? fcntl(socket.get(), F_DUPFD_CLOEXEC, 0) : -1);
  (remote ? management_ : supervisor_)
      .Set(grpc::CreateCustomInsecureChannelFromFd(role, socket.release(), arguments),
           std::move(life));
}

std::vector<NamedDescriptor> GatewayRole::Keepsakes() {
  std::vector<NamedDescriptor> kept;
  const auto keep = [&kept](const worker::v1::GatewayListener& listener, int fd) {
    kept.push_back({NameListener(listener.address(), listener.port()), fd});
  };
  if (entrance_.listening()) keep(running_.listener(), entrance_.listener());
  if (remote_.listening()) keep(running_.management().listener(), remote_.listener());
  return kept;
}

// Calls of the supervisor to the paired node. On gRPC's threads.
void GatewayRole::FindPeer(const std::string& method, std::function<void(RouteOrStatus)> answer) {
  if (!method.starts_with(kPeerMethods)) {
    return answer(tl::make_unexpected(
        grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "aloha-gateway has no such method")));
  }
  asio::post(context_.loop, [this, answer = std::move(answer)] {
    peer_.Channel([this, answer](const Result<std::shared_ptr<grpc::Channel>>& channel) {
      if (!channel) return answer(tl::make_unexpected(ToStatus(channel.error())));
      answer(Route{*channel, {}, [this, channel = *channel](const grpc::Status& status) {
                     if (status.error_code() != grpc::StatusCode::UNAUTHENTICATED) return;
                     asio::post(context_.loop, [this, channel] { peer_.Drop(channel); });
                   }});
    });
  });
}

void GatewayRole::FillStats(worker::v1::GatewayStats& stats) const {
  stats.set_accepted_total(entrance_.stats().accepted);
  stats.set_joining_total(entrance_.stats().joining);
  for (const auto& [reason, count] : entrance_.stats().refused)
    (*stats.mutable_refused_total())[reason] = count;
  stats.set_connected_total(peer_.connected_total());
  stats.set_connect_failed_total(peer_.failed_total());
  stats.set_bytes_sent_total(bytes_.sent);
  stats.set_bytes_received_total(bytes_.received);
  stats.set_connections(
      static_cast<uint32_t>(entrance_.connections() + (peer_.connected() ? 1 : 0)));
}

}  // namespace aloha::gateway
