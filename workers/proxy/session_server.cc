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
  waiter->grant = [&thread = thread_, self, keep = backend_](
                      const std::shared_ptr<Server>& server,
                      const std::shared_ptr<const Approach>& approach) {
    thread.Post([self, keep, server, approach](DataThread& there) {
      if (*self != nullptr) return (*self)->UseServer(server, approach);
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
      return UseServer(std::move(choice.server), std::move(choice.approach));
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

void Session::UseServer(std::shared_ptr<Server> server, std::shared_ptr<const Approach> approach) {
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
  approach_ = std::move(approach);
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
  ForgetHandshake();
  CloseSocket(kServer);
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
  if (approach_->send_proxy != worker::v1::SEND_PROXY_UNSPECIFIED && !SendProxyHeader()) {
    return OnConnectFailed(/*timeout=*/false, /*elsewhere=*/false);
  }
  if (!approach_->tls.empty() && approach_->starttls == worker::v1::MAIL_PROTOCOL_UNSPECIFIED) {
    return BeginTls(kServer);
  }
  Enter(Phase::kEstablished);
  OnConnected(events);
}

// The socket is no longer watched before it goes, since its registration would outlive this
// descriptor.
void Session::BeginTls(Side side) {
  handoff::v1::Handshake handshake;
  if (side == kClient) {
    const net::Address& listener = settings_->listeners[listener_].address;
    handshake.mutable_accept()->set_address(net::FormatIp(listener.ip));
    handshake.mutable_accept()->set_port(listener.port);
  } else {
    handshake.set_connect(approach_->tls);
  }
  handshake.set_timeout_ms(static_cast<uint32_t>(backend_->connect_timeout_ms));
  thread_.reactor().Unwatch(fds_[side].get());
  details().securing = side;
  details().handshake = thread_.AskForTls(*this, std::move(handshake), std::move(fds_[side]));
  if (side == kServer) Enter(Phase::kSecuring);
}

void Session::ForgetHandshake() {
  if (details_) thread_.ForgetTls(std::exchange(details_->handshake, 0));
}

void Session::OnTls(Result<Handover> handover) {
  const Side side = details_->securing;
  details_->handshake = 0;
  Result<> secured;
  if (!handover) {
    secured = tl::make_unexpected(handover.error());
  } else {
    fds_[side] = std::move(handover->socket);
    tls_[side] = std::move(handover->tls);
    if (!thread_.reactor().Watch(fds_[side].get(), *this, side)) return End(Cause::kResource);
  }
  if (side == kClient) return OnClientSecured(std::move(secured));
  if (!secured) {
    const bool untrusted = secured.error().code == Code::kFailedPrecondition;
    thread_.shared().log.Warning("server " + backend_->service->name() + "/" + server_->name +
                                 ": " + secured.error().message);
    return OnConnectFailed(/*timeout=*/false, /*elsewhere=*/untrusted);
  }
  connected_ms_ = static_cast<uint32_t>(NowMs() - search_ms_);
  Enter(Phase::kEstablished);
  OnConnected(0);
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
  const size_t length = approach_->send_proxy == worker::v1::SEND_PROXY_V1
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
