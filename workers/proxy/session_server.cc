// How a session finds its server, and connects to it.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "workers/net/proxy_protocol.h"
#include "workers/net/socket.h"
#include "workers/proxy/data_thread.h"
#include "workers/proxy/session.h"

namespace aloha::proxy {

using Kind = Service::Choice::Kind;

void Session::UseBackend(std::shared_ptr<const ServiceSettings> backend) {
  if (backend == backend_) return;
  if (backend->service != backend_->service) {
    if (InPool()) backend_->service->Leave(nullptr, false, NowMs());
    backend_ = std::move(backend);
    if (InPool()) backend_->service->Enter();
  } else {
    backend_ = std::move(backend);
  }
}

void Session::FindServer(const Claim& claim) {
  retries_ = 0;
  redispatched_ = false;
  if (details_) details_->tried.clear();
  Dispatch(claim);
}

Service::Choice Session::Queue(const Claim& claim) {
  auto self = details().self = std::make_shared<Session*>(this);
  auto waiter = details().waiter = std::make_shared<Waiter>(claim);
  waiter->grant = [&thread = thread_, self, keep = backend_](const std::shared_ptr<Server>& server,
                                                             worker::v1::SendProxy send_proxy) {
    thread.Post([self, keep, server, send_proxy](DataThread& there) {
      if (*self != nullptr) return (*self)->UseServer(server, send_proxy);
      keep->service->Abandon(*server, there.reactor().NowMs());
    });
  };
  Service::Choice choice = backend_->service->Wait(waiter, NowMs());
  details().server_queue = choice.server_queue;
  details().service_queue = choice.service_queue;
  return choice;
}

void Session::Dispatch(const Claim& claim) {
  Service::Choice choice = backend_->service->Choose(claim, NowMs());
  if (choice.kind == Kind::kBusy) choice = Queue(claim);
  switch (choice.kind) {
    case Kind::kServer:
      return UseServer(std::move(choice.server), choice.send_proxy);
    case Kind::kBusy:
      return Enter(Phase::kQueued);
    case Kind::kNone:
      return GiveUp(Cause::kServer, Moment::kConnect);
  }
}

void Session::GiveUp(Cause cause, Moment moment) {
  phase_ = Phase::kOpen;
  backend_->service->CountFailed();
  OnNoServer(cause, moment);
}

void Session::TakeServer(std::shared_ptr<Server> server) {
  server_ = std::move(server);
  server_bytes_ = &server_->bytes[thread_.index()];
}

void Session::UseServer(std::shared_ptr<Server> server, worker::v1::SendProxy send_proxy) {
  queue_ms_ = static_cast<uint32_t>(NowMs() - search_ms_);
  if (details_) {
    details_->waiter.reset();
    details_->self.reset();
    if (!details_->tried.empty()) {
      const auto& failed = details_->tried.back();
      redispatched_ = redispatched_ || failed != server;
      failed == server ? backend_->service->CountRetry(*failed)
                       : backend_->service->CountRedispatch(*failed);
    }
  }
  TakeServer(std::move(server));
  send_proxy_ = send_proxy;
  Connect();
}

void Session::Connect() {
  const net::Address& address = server_->address;
  UniqueFd fd(socket(address.Family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!fd) return End(Cause::kResource, Moment::kConnect);
  if (settings_->http) net::DelayAcknowledgement(fd.get());
  sockaddr_storage storage;
  const socklen_t length = address.ToSockaddr(storage);
  Enter(Phase::kConnecting);
  ending_[kServer] = no_delay_ = false;
  const bool at_once = connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) == 0;
  if (!at_once && errno != EINPROGRESS) {
    return OnConnectFailed(/*timeout=*/false, /*elsewhere=*/false);
  }
  fds_[kServer] = std::move(fd);
  if (!thread_.reactor().Watch(fds_[kServer].get(), *this, kServer)) return End(Cause::kResource);
  if (at_once) OnConnectEvent(EPOLLOUT);
}

void Session::ConnectAgain() {
  search_ms_ = NowMs();
  queue_ms_ = 0;
  retries_ = 0;
  redispatched_ = false;
  if (details_) details_->tried.clear();
  Connect();
}

void Session::SendWithoutDelay() {
  if (std::exchange(no_delay_, true)) return;
  net::SendAtOnce(fds_[kServer].get());
}

void Session::OnConnectFailed(bool timeout, bool elsewhere) {
  Service& service = *backend_->service;
  fds_[kServer].reset();
  service.CountConnectError(*server_);
  if (retries_ == backend_->retries) {
    return GiveUp(timeout ? Cause::kServerTimeout : Cause::kServer, Moment::kConnect);
  }
  if (++retries_ == 1 && !elsewhere) {
    service.CountRetry(*server_);
    return Connect();
  }
  // The slot goes back before another is asked for, which may be one of the same server.
  const std::shared_ptr<Server> failed = std::exchange(server_, nullptr);
  details().tried.push_back(failed);
  service.Abandon(*failed, NowMs());
  Dispatch({.client = client_.ip, .tried = details_->tried});
}

void Session::OnConnectEvent(uint32_t events) {
  if (events & (EPOLLERR | EPOLLHUP)) {
    return OnConnectFailed(/*timeout=*/false, /*elsewhere=*/false);
  }
  if (!(events & EPOLLOUT)) return;
  connected_ms_ = static_cast<uint32_t>(NowMs() - search_ms_);
  if (send_proxy_ != worker::v1::SEND_PROXY_UNSPECIFIED && !SendProxyHeader()) {
    return OnConnectFailed(/*timeout=*/false, /*elsewhere=*/false);
  }
  Enter(Phase::kEstablished);
  OnConnected(events);
}

// Into the empty buffer of a new socket, so it goes out whole or the connection is of no use.
bool Session::SendProxyHeader() {
  net::Address destination = details_ ? details_->destination : net::Address();
  if (destination.port == 0) {
    sockaddr_storage local{};
    socklen_t length = sizeof local;
    getsockname(fds_[kClient].get(), reinterpret_cast<sockaddr*>(&local), &length);
    destination = net::Address::FromSockaddr(local);
  }
  char header[net::kMaxBuiltProxyHeader];
  const size_t length = send_proxy_ == worker::v1::SEND_PROXY_V1
                            ? net::BuildProxyHeaderV1(client_, destination, header)
                            : net::BuildProxyHeaderV2(client_, destination, header);
  return send(fds_[kServer].get(), header, length, MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(length);
}

void Session::Disconnect() {
  CloseSocket(kServer);
  ending_[kServer] = false;
  phase_ = Phase::kOpen;
}

void Session::ReleaseServer() {
  if (!server_) return;
  backend_->service->Abandon(*server_, NowMs());
  server_.reset();
}

}  // namespace aloha::proxy
