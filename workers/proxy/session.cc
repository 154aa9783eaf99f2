#include "workers/proxy/session.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "workers/proxy/data_thread.h"

namespace aloha::proxy {
namespace {

constexpr uint64_t kHeaderTimeoutMs = 5000;
constexpr uint32_t kEndEvents = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

}  // namespace

Session::Session(DataThread& thread, uint64_t id, UniqueFd client, const net::Address& peer,
                 std::shared_ptr<const ServiceSettings> settings, uint16_t listener)
    : thread_(thread),
      settings_(std::move(settings)),
      backend_(settings_),
      service_bytes_(&settings_->service->bytes(thread.index())),
      id_(id),
      start_ms_(NowMs()),
      since_ms_(start_ms_),
      search_ms_(start_ms_),
      client_(peer),
      listener_(listener) {
  fds_[kClient] = std::move(client);
  settings_->service->Enter();
}

uint64_t Session::NowMs() const { return thread_.reactor().NowMs(); }

Session::Details& Session::details() {
  if (!details_) details_ = std::make_unique<Details>();
  return *details_;
}

void Session::Start() {
  if (!thread_.reactor().Watch(fds_[kClient].get(), *this, kClient)) return End(Cause::kResource);
  if (settings_->listeners[listener_].accept_proxy) return Enter(Phase::kHeader);
  phase_ = Phase::kOpen;
  OnAccepted();
}

void Session::Start(std::unique_ptr<net::TlsStream> tls, std::string_view proxy_header) {
  tls_[kClient] = std::move(tls);
  if (!thread_.reactor().Watch(fds_[kClient].get(), *this, kClient)) return End(Cause::kResource);
  const bool announced = settings_->listeners[listener_].accept_proxy;
  if (announced && !TakeProxyHeader(net::ParseProxyHeader(proxy_header))) return;
  phase_ = Phase::kOpen;
  OnAccepted();
}

void Session::Enter(Phase phase) {
  phase_ = phase;
  since_ms_ = NowMs();
  ArmTimer();
}

// A session that persistence bound looks in early enough to keep its stick entry alive.
void Session::ArmTimer() {
  uint64_t due = DeadlineMs();
  if (backend_->plan.table) due = std::min(due, NowMs() + backend_->plan.stick_expiry_ms / 2);
  armed_ms_ = due;
  thread_.reactor().timers().Arm(*this, due);
}

uint64_t Session::DeadlineMs() const {
  switch (phase_) {
    case Phase::kHeader:
      return since_ms_ + kHeaderTimeoutMs;
    case Phase::kQueued:
      return since_ms_ + backend_->queue_timeout_ms;
    case Phase::kConnecting:
    case Phase::kSecuring:
      return since_ms_ + backend_->connect_timeout_ms;
    default:
      return IdleDeadlineMs();
  }
}

void Session::OnTimer() {
  if (DeadlineMs() > NowMs()) {
    if (server_) backend_->service->RefreshStickEntry(client_.ip, *server_, NowMs());
    return ArmTimer();
  }
  switch (phase_) {
    case Phase::kHeader:
      return Deny(Moment::kHeader);
    case Phase::kConnecting:
    case Phase::kSecuring:
      return OnConnectFailed(/*timeout=*/true, /*elsewhere=*/true);
    case Phase::kQueued:
      backend_->service->StopWaiting(details_->waiter);
      *details_->self = nullptr;
      return GiveUp(Cause::kServerTimeout, Moment::kQueue);
    default:
      return OnIdle();
  }
}

Moment Session::CurrentMoment() const {
  switch (phase_) {
    case Phase::kHeader:
      return Moment::kHeader;
    case Phase::kQueued:
      return Moment::kQueue;
    case Phase::kConnecting:
    case Phase::kSecuring:
      return Moment::kConnect;
    default:
      return Moment::kData;
  }
}

void Session::CloseSocket(Side side) {
  if (std::exchange(reset_[side], false) && fds_[side]) {
    const linger now{1, 0};
    setsockopt(fds_[side].get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  // Where aloha-tls has not closed its copy yet, events would go on coming after this one is
  // closed.
  if (tls_[side] && fds_[side]) thread_.reactor().Unwatch(fds_[side].get());
  fds_[side].reset();
  tls_[side].reset();
}

bool Session::IsReadable(uint32_t events, Side side) const {
  return (events & (EPOLLIN | kEndEvents)) != 0 || (tls_[side] && tls_[side]->waiting());
}

void Session::ShutDown(Side side) {
  if (tls_[side]) thread_.relay().SayEnd(ChannelOf(side));
  shutdown(fds_[side].get(), SHUT_WR);
}

void Session::End(Cause cause, Moment moment) {
  if (phase_ == Phase::kEnded) return;
  const bool failed =
      cause != Cause::kDenied && (phase_ == Phase::kHeader || phase_ == Phase::kQueued ||
                                  phase_ == Phase::kConnecting || phase_ == Phase::kSecuring);
  phase_ = Phase::kEnded;
  thread_.reactor().timers().Disarm(*this);
  ForgetHandshake();
  if (details_ && details_->waiter) backend_->service->StopWaiting(details_->waiter);
  if (details_ && details_->self) *details_->self = nullptr;
  Service& service = *settings_->service;
  const bool in_pool = InPool();
  Service::Load load = service.Leave(in_pool ? nullptr : server_.get(), failed, NowMs());
  if (in_pool) {
    const Service::Load pool = backend_->service->Leave(server_.get(), failed, NowMs());
    load.backend_sessions = pool.service_sessions;
    load.server_sessions = pool.server_sessions;
  }
  OnEnd(cause, moment, load);
  for (const Side side : {kClient, kServer}) {
    if (cause == Cause::kNormal && tls_[side] && !reset_[side]) {
      thread_.relay().SayEnd(ChannelOf(side));
    }
  }
  CloseSocket(kClient);
  CloseSocket(kServer);
  thread_.Bury(*this);
}

void Session::Deny(Moment moment) {
  settings_->service->CountDenied();
  End(Cause::kDenied, moment);
}

void Session::LeaveServer(Cause cause) {
  if (phase_ == Phase::kConnecting || phase_ == Phase::kSecuring) {
    OnConnectFailed(/*timeout=*/false, /*elsewhere=*/true);
  } else if (phase_ == Phase::kEstablished) {
    OnServerGone(cause);
  }
}

void Session::OnEvents(uint32_t events, unsigned side) {
  if (phase_ == Phase::kEnded || !fds_[side]) return;
  if (events & kEndEvents) ending_[side] = true;
  switch (phase_) {
    case Phase::kHeader:
      if (events & (EPOLLHUP | EPOLLERR)) return End(Cause::kClient);
      if (events & (EPOLLIN | EPOLLRDHUP)) ReadProxyHeader();
      return;
    case Phase::kQueued:
    case Phase::kConnecting:
    case Phase::kSecuring:
      return side == kServer ? OnConnectEvent(events) : OnClientEarly(events);
    default:
      OnTraffic(events, static_cast<Side>(side));
      return PassTicket();
  }
}

// Tickets come behind the handshake with a server; aloha-tls resumes with them.
void Session::PassTicket() {
  net::TlsStream* const tls = tls_[kServer].get();
  if (tls == nullptr) return;
  std::string ticket = tls->records().TakeTicket();
  if (!ticket.empty()) thread_.ReturnTicket(tls->request_id, std::move(ticket));
}

void Session::ReadProxyHeader() {
  char* const buffer = thread_.relay().buffer();
  const int client = fds_[kClient].get();
  const ssize_t got = recv(client, buffer, net::kMaxProxyHeader, MSG_PEEK | MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return End(Cause::kClient);
  const auto header = net::ParseProxyHeader({buffer, static_cast<size_t>(got)});
  using Kind = net::ProxyHeader::Kind;
  if (header.kind == Kind::kIncomplete && !ending_[kClient]) return;
  // Exactly the header is taken; what follows it is payload.
  if (header.kind == Kind::kIncomplete ||
      recv(client, buffer, header.length, MSG_DONTWAIT) != static_cast<ssize_t>(header.length)) {
    return Deny(Moment::kHeader);
  }
  if (!TakeProxyHeader(header)) return;
  phase_ = Phase::kOpen;
  OnAccepted();
}

bool Session::TakeProxyHeader(const net::ProxyHeader& header) {
  using Kind = net::ProxyHeader::Kind;
  bool allowed = header.kind == Kind::kAddresses || header.kind == Kind::kLocal;
  if (header.kind == Kind::kAddresses) {
    client_ = header.source;
    details().destination = header.destination;
  }
  allowed =
      allowed && (settings_->allow_from.empty() || settings_->allow_from.Contains(client_.ip));
  if (!allowed) Deny(Moment::kHeader);
  return allowed;
}

void Session::Describe(worker::v1::Session& description) const {
  const uint64_t now = NowMs();
  description.set_id(id_);
  description.set_service(service().name());
  if (server_) description.set_server(server_->name);
  description.set_client(client_.Text());
  description.set_listener(settings_->listeners[listener_].address.Text());
  description.set_age_ms(now - start_ms_);
  description.set_idle_ms(now - since_ms_);
  if (details_) description.set_sni(details_->sni);
  if (const net::TlsStream* tls = tls_[kClient].get(); tls != nullptr) {
    description.set_sni(tls->server_name);
    description.set_tls_version(std::string(net::TlsVersionName(tls->records().version())));
    description.set_tls_cipher(std::string(net::TlsCipherName(tls->records().cipher())));
  }
  switch (phase_) {
    case Phase::kHeader:
    case Phase::kQueued:
      description.set_state("queued");
      break;
    case Phase::kConnecting:
    case Phase::kSecuring:
      description.set_state("connecting");
      break;
    default:
      description.set_state("established");
  }
}

}  // namespace aloha::proxy
