// The life of a session: its beginning, its search for a server, its end. session_relay.cc moves
// the bytes.
#include "workers/proxy/session.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "workers/net/proxy_protocol.h"
#include "workers/proxy/data_thread.h"

namespace aloha::proxy {
namespace {

constexpr uint64_t kHeaderTimeoutMs = 5000;
// Without a byte, once one side has ended its stream.
constexpr uint64_t kHalfClosedTimeoutMs = 60'000;
constexpr uint32_t kEndEvents = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

static_assert(sizeof(Session) <= 352, "an idle session is to stay small");

}  // namespace

Session::Session(DataThread& thread, uint64_t id, UniqueFd client, const net::Address& peer,
                 std::shared_ptr<const ServiceSettings> settings, uint16_t listener)
    : thread_(thread),
      settings_(std::move(settings)),
      service_bytes_(&settings_->service->bytes(thread.index())),
      id_(id),
      start_ms_(NowMs()),
      since_ms_(start_ms_),
      client_(peer),
      listener_(listener),
      want_name_(settings_->log_sni) {
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
  Dispatch();
}

void Session::Enter(Phase phase) {
  phase_ = phase;
  since_ms_ = NowMs();
  ArmTimer();
}

// A session that persistence bound looks in early enough to keep its stick entry alive.
void Session::ArmTimer() {
  uint64_t due = DeadlineMs();
  if (settings_->plan.table) due = std::min(due, NowMs() + settings_->plan.stick_expiry_ms / 2);
  thread_.reactor().timers().Arm(*this, due);
}

uint64_t Session::DeadlineMs() const {
  switch (phase_) {
    case Phase::kHeader:
      return since_ms_ + kHeaderTimeoutMs;
    case Phase::kQueued:
      return since_ms_ + settings_->queue_timeout_ms;
    case Phase::kConnecting:
      return since_ms_ + settings_->connect_timeout_ms;
    default: {
      const bool half_closed = flows_[kClient].ended || flows_[kServer].ended;
      return since_ms_ + (half_closed ? std::min(settings_->idle_timeout_ms, kHalfClosedTimeoutMs)
                                      : settings_->idle_timeout_ms);
    }
  }
}

void Session::OnTimer() {
  if (DeadlineMs() > NowMs()) {
    if (server_) settings_->service->RefreshStickEntry(client_.ip, *server_, NowMs());
    return ArmTimer();
  }
  switch (phase_) {
    case Phase::kHeader:
      return Deny(Moment::kHeader);
    case Phase::kConnecting:
      return OnConnectFailed(/*timeout=*/true, /*elsewhere=*/true);
    case Phase::kQueued:
      return End(Cause::kServerTimeout);
    default:
      // The side that does not take its bytes is the one that is late.
      return End(flows_[kClient].waiting > 0 ? Cause::kServerTimeout : Cause::kClientTimeout);
  }
}

Moment Session::CurrentMoment() const {
  switch (phase_) {
    case Phase::kHeader:
      return Moment::kHeader;
    case Phase::kQueued:
      return Moment::kQueue;
    case Phase::kConnecting:
      return Moment::kConnect;
    default:
      return Moment::kData;
  }
}

void Session::End(Cause cause) { End(cause, CurrentMoment()); }

void Session::End(Cause cause, Moment moment) {
  if (phase_ == Phase::kEnded) return;
  const bool failed = phase_ != Phase::kEstablished && cause != Cause::kDenied;
  phase_ = Phase::kEnded;
  thread_.reactor().timers().Disarm(*this);
  Service& service = *settings_->service;
  if (details_ && details_->waiter) service.StopWaiting(details_->waiter);
  if (details_ && details_->self) *details_->self = nullptr;
  for (const Side side : {kClient, kServer}) {
    thread_.relay().Release(flows_[side]);
    if (reset_[side] && fds_[side]) {
      const linger now{1, 0};
      setsockopt(fds_[side].get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    fds_[side].reset();
  }
  if (server_) service.RefreshStickEntry(client_.ip, *server_, NowMs());
  const Service::Load load = service.Leave(server_.get(), failed, NowMs());
  if (thread_.access_log() != AccessLog::kOff && cause != Cause::kDenied) {
    WriteAccessLine(cause, moment, load);
  }
  thread_.Bury(*this);
}

void Session::Deny(Moment moment) {
  settings_->service->CountDenied();
  End(Cause::kDenied, moment);
}

void Session::LeaveServer(Cause cause) {
  if (phase_ == Phase::kConnecting) {
    OnConnectFailed(/*timeout=*/false, /*elsewhere=*/true);
  } else if (phase_ == Phase::kEstablished) {
    reset_[kServer] = cause == Cause::kServerDown;  // nobody there reads any more
    End(cause);
  }
}

void Session::OnEvents(uint32_t events, unsigned side) {
  if (phase_ == Phase::kEnded) return;
  if (events & kEndEvents) ending_[side] = true;
  if (phase_ != Phase::kEstablished) {
    if (side == kServer) return OnConnectEvent(events);
    return OnClientEventEarly(events);
  }
  since_ms_ = NowMs();
  const Side from = static_cast<Side>(side);
  // It had ended its stream; now it is gone altogether, which no read would show.
  if (flows_[from].ended && (events & (EPOLLHUP | EPOLLERR))) return OnWriteFailed(from);
  if (events & (EPOLLIN | kEndEvents)) Move(from);
  if ((events & EPOLLOUT) && phase_ == Phase::kEstablished && flows_[Other(from)].waiting > 0) {
    Move(Other(from));
  }
}

// The client's bytes stay in the kernel until there is a server connection.
void Session::OnClientEventEarly(uint32_t events) {
  if (events & (EPOLLHUP | EPOLLERR)) return End(Cause::kClient);
  if (!(events & (EPOLLIN | EPOLLRDHUP))) return;
  client_ready_ = true;
  if (phase_ == Phase::kHeader) return ReadProxyHeader();
  if (want_name_) ReadServerName();
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
  const bool complete = header.kind == Kind::kAddresses || header.kind == Kind::kLocal;
  // Exactly the header is taken; what follows it is payload.
  if (!complete ||
      recv(client, buffer, header.length, MSG_DONTWAIT) != static_cast<ssize_t>(header.length)) {
    return Deny(Moment::kHeader);
  }
  if (header.kind == Kind::kAddresses) {
    client_ = header.source;
    details().destination = header.destination;
  }
  if (!settings_->allow_from.empty() && !settings_->allow_from.Contains(client_.ip)) {
    return Deny(Moment::kHeader);
  }
  Dispatch();
}

void Session::Dispatch() {
  Service& service = *settings_->service;
  const auto tried = details_ ? std::span<const std::shared_ptr<Server>>(details_->tried)
                              : std::span<const std::shared_ptr<Server>>();
  using Kind = Service::Choice::Kind;
  Service::Choice choice = service.Choose(client_.ip, tried, NowMs());
  if (choice.kind == Kind::kBusy) {
    auto self = details().self = std::make_shared<Session*>(this);
    auto waiter = details().waiter = std::make_shared<Waiter>();
    waiter->client = client_.ip;
    waiter->tried = details_->tried;
    waiter->grant = [&thread = thread_, self, keep = settings_](
                        const std::shared_ptr<Server>& server, worker::v1::SendProxy send_proxy) {
      thread.Post([self, keep, server, send_proxy](DataThread& there) {
        if (*self != nullptr) return (*self)->OnGranted(server, send_proxy);
        keep->service->Abandon(*server, there.reactor().NowMs());
      });
    };
    choice = service.Wait(waiter, NowMs());
    details().server_queue = choice.server_queue;
    details().service_queue = choice.service_queue;
  }
  switch (choice.kind) {
    case Kind::kServer:
      return UseServer(std::move(choice.server), choice.send_proxy);
    case Kind::kBusy:
      return Enter(Phase::kQueued);
    case Kind::kNone:
      return End(Cause::kServer, Moment::kConnect);
  }
}

void Session::OnGranted(std::shared_ptr<Server> server, worker::v1::SendProxy send_proxy) {
  UseServer(std::move(server), send_proxy);
}

void Session::UseServer(std::shared_ptr<Server> server, worker::v1::SendProxy send_proxy) {
  queue_ms_ = static_cast<uint32_t>(NowMs() - start_ms_);
  if (details_) {
    details_->waiter.reset();
    details_->self.reset();
    if (!details_->tried.empty()) {
      const auto& failed = details_->tried.back();
      redispatched_ = redispatched_ || failed != server;
      failed == server ? settings_->service->CountRetry(*failed)
                       : settings_->service->CountRedispatch(*failed);
    }
  }
  server_ = std::move(server);
  server_bytes_ = &server_->bytes[thread_.index()];
  send_proxy_ = send_proxy;
  Connect();
}

void Session::Connect() {
  const net::Address& address = server_->address;
  UniqueFd fd(socket(address.Family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!fd) return End(Cause::kResource, Moment::kConnect);
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_storage storage;
  const socklen_t length = address.ToSockaddr(storage);
  Enter(Phase::kConnecting);
  ending_[kServer] = false;
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0 &&
      errno != EINPROGRESS) {
    return OnConnectFailed(/*timeout=*/false, /*elsewhere=*/false);
  }
  fds_[kServer] = std::move(fd);
  if (!thread_.reactor().Watch(fds_[kServer].get(), *this, kServer)) End(Cause::kResource);
}

void Session::OnConnectFailed(bool timeout, bool elsewhere) {
  Service& service = *settings_->service;
  fds_[kServer].reset();
  service.CountConnectError(*server_);
  if (retries_ == settings_->retries) {
    return End(timeout ? Cause::kServerTimeout : Cause::kServer);
  }
  if (++retries_ == 1 && !elsewhere) {
    service.CountRetry(*server_);
    return Connect();
  }
  // The slot goes back before another is asked for, which may be one of the same server.
  const std::shared_ptr<Server> failed = std::exchange(server_, nullptr);
  details().tried.push_back(failed);
  service.Abandon(*failed, NowMs());
  Dispatch();
}

void Session::OnConnectEvent(uint32_t events) {
  if (events & (EPOLLERR | EPOLLHUP)) {
    return OnConnectFailed(/*timeout=*/false, /*elsewhere=*/false);
  }
  if (events & EPOLLOUT) OnConnected(events);
}

}  // namespace aloha::proxy
