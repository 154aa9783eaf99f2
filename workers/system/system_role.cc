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
      listeners_(
          [this](const Endpoint& e) {
            return context_.descriptors.TakeListener(e.address, e.port);
          },
          privileges.unprivileged_port_start) {}

Result<> SystemRole::Prepare(const worker::v1::Snapshot& snapshot) {
  if (!snapshot.has_system())
    return Fail(Code::kInvalidArgument, "not a snapshot for aloha-system");
  return listeners_.Prepare(snapshot.system());
}

void SystemRole::Commit() {
  listeners_.Commit();
  context_.log.Info(fmt::format("holding {} listeners", listeners_.size()));
}

grpc::ServerUnaryReactor* SystemRole::Bind(grpc::CallbackServerContext* call,
                                           const worker::v1::BindRequest* request,
                                           worker::v1::BindResponse*) {
  return ServeLater(context_.loop, call,
                    [this, request](auto answer) { BindAndSend(*request, std::move(answer)); });
}

void SystemRole::BindAndSend(const worker::v1::BindRequest& request, Answer answer) {
  context_.descriptors.Receive();
  Result<std::vector<NamedSocket>> sockets = listeners_.Bind(request);
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
      worker::v1::ListenerKey* key = names.add_descriptors()->mutable_listener();
      key->set_address(named.endpoint.address);
      key->set_port(named.endpoint.port);
      descriptors.push_back(named.socket->get());
    }
    const Result<> sent = context_.descriptors.Send(names, descriptors);
    if (sent) {
      sending->sent = end;
      continue;
    }
    const bool full = sent.error().code == Code::kResourceExhausted;
    if (!full || std::chrono::steady_clock::now() > sending->deadline) {
      listeners_.Unbind(sending->sockets);
      return sending->answer(sent);
    }
    sending->retry.expires_after(kSendRetry);
    sending->retry.async_wait([this, sending](const asio::error_code&) { SendNext(sending); });
    return;
  }
  sending->answer({});
}

}  // namespace aloha::system
