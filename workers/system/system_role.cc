#include "workers/system/system_role.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <utility>

#include "workers/runtime/serve.h"

namespace aloha::system {
namespace {

// The channel is full only while the supervisor is busy elsewhere.
constexpr std::chrono::milliseconds kSendRetry{2};
constexpr std::chrono::seconds kSendTimeout{10};

}  // namespace

// One Bind whose sockets are under way to the supervisor.
struct SystemRole::Sending {
  Sending(asio::io_context& loop, std::vector<NamedSocket> s, Answer a)
      : sockets(std::move(s)), answer(std::move(a)), retry(loop) {}

  const std::vector<NamedSocket> sockets;
  const Answer answer;
  size_t sent = 0;
  asio::steady_timer retry;
  const std::chrono::steady_clock::time_point deadline =
      std::chrono::steady_clock::now() + kSendTimeout;
};

SystemRole::SystemRole(WorkerContext context, const Privileges& privileges)
    : context_(context),
      privileges_(privileges),
      sockets_([this](const SocketName& name) { return Take(name); },
               [this](const SocketName& name, std::span<const int> siblings) {
                 return Make(name, siblings);
               }),
      network_(
          context.loop, context.log, [this] { return sockets_.VrrpSockets(); },
          NetworkSide::kStartTime) {}

UniqueFd SystemRole::Take(const SocketName& name) {
  if (const auto* listener = std::get_if<Endpoint>(&name))
    return context_.descriptors.TakeListener(listener->address, listener->port);
  const auto& vrrp = std::get<VrrpEndpoint>(name);
  UniqueFd socket = context_.descriptors.TakeVrrpSocket(vrrp.interface, vrrp.ipv6);
  if (socket) network_.Follow(socket.get(), vrrp);
  return socket;
}

Result<UniqueFd> SystemRole::Make(const SocketName& name, std::span<const int> siblings) {
  if (const auto* listener = std::get_if<Endpoint>(&name))
    return BindListener(*listener, siblings, privileges_.unprivileged_port_start);
  return network_.OpenSocket(std::get<VrrpEndpoint>(name));
}

Result<> SystemRole::Prepare(const worker::v1::Snapshot& snapshot) {
  if (!snapshot.has_system())
    return Fail(Code::kInvalidArgument, "not a snapshot for aloha-system");
  if (auto prepared = sockets_.Prepare(snapshot.system()); !prepared) return prepared;
  return network_.Prepare(snapshot.system());
}

void SystemRole::Commit() {
  sockets_.Commit();
  network_.Commit();
  const size_t num_vrrp = sockets_.VrrpSockets().size();
  context_.log.Info(fmt::format("holding {} listeners", sockets_.size() - num_vrrp) +
                    (num_vrrp > 0 ? fmt::format(" and {} sockets of VRRP", num_vrrp) : ""));
}

void SystemRole::Abort() {
  sockets_.Abort();
  network_.Abort();
}

void SystemRole::OnPeer(const std::string& role, UniqueFd socket) {
  if (role == "vrrp") network_.Connect(std::move(socket));
}

grpc::ServerUnaryReactor* SystemRole::Bind(grpc::CallbackServerContext* call,
                                           const worker::v1::BindRequest* request,
                                           worker::v1::BindResponse*) {
  return ServeLater(context_.loop, call,
                    [this, request](auto answer) { BindAndSend(*request, std::move(answer)); });
}

void SystemRole::BindAndSend(const worker::v1::BindRequest& request, Answer answer) {
  context_.descriptors.Receive();
  Result<std::vector<NamedSocket>> sockets = sockets_.Bind(request);
  if (!sockets) return answer(tl::make_unexpected(sockets.error()));
  SendNext(std::make_shared<Sending>(context_.loop, std::move(*sockets), std::move(answer)));
}

void SystemRole::SendNext(const std::shared_ptr<Sending>& sending) {
  while (sending->sent < sending->sockets.size()) {
    worker::v1::Descriptors names;
    std::vector<int> descriptors;
    const size_t end = std::min(sending->sockets.size(), sending->sent + kMaxPacketDescriptors);
    for (size_t i = sending->sent; i < end; ++i) {
      const NamedSocket& named = sending->sockets[i];
      *names.add_descriptors() = ToDescriptor(named.name);
      descriptors.push_back(named.socket->get());
    }
    const Result<> sent = context_.descriptors.Send(names, descriptors);
    if (sent) {
      sending->sent = end;
      continue;
    }
    const bool full = sent.error().code == Code::kResourceExhausted;
    if (!full || std::chrono::steady_clock::now() > sending->deadline) {
      sockets_.Unbind(sending->sockets);
      return sending->answer(sent);
    }
    sending->retry.expires_after(kSendRetry);
    sending->retry.async_wait([this, sending](const asio::error_code&) { SendNext(sending); });
    return;
  }
  sending->answer({});
}

}  // namespace aloha::system
