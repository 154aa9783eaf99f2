// The part of a session that moves bytes, and what is told of it.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include <cerrno>

#include "workers/net/client_hello.h"
#include "workers/net/proxy_protocol.h"
#include "workers/proxy/data_thread.h"
#include "workers/proxy/session.h"

namespace aloha::proxy {

using Outcome = net::Relay::Outcome;

void Session::OnConnected(uint32_t events) {
  connected_ms_ = static_cast<uint32_t>(NowMs() - start_ms_);
  if (send_proxy_ != worker::v1::SEND_PROXY_UNSPECIFIED && !SendProxyHeader()) {
    return OnConnectFailed(/*timeout=*/false, /*elsewhere=*/false);
  }
  Enter(Phase::kEstablished);
  if (client_ready_) Move(kClient);
  if (phase_ == Phase::kEstablished && (events & (EPOLLIN | EPOLLRDHUP))) Move(kServer);
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

// Looks at the first bytes and leaves them where they are.
void Session::ReadServerName() {
  char* const buffer = thread_.relay().buffer();
  const ssize_t got =
      recv(fds_[kClient].get(), buffer, net::kMaxClientHello, MSG_PEEK | MSG_DONTWAIT);
  if (got <= 0) return;
  const auto name = net::ReadServerName({buffer, static_cast<size_t>(got)});
  if (name.kind == net::ServerName::Kind::kFound) details().sni = EscapeForLog(name.name);
  want_name_ = name.kind == net::ServerName::Kind::kIncomplete;
}

void Session::Move(Side from) {
  net::Flow& flow = flows_[from];
  if (flow.ended) return;
  if (want_name_ && from == kClient) {
    ReadServerName();
    want_name_ = false;  // the bytes go now
  }
  const uint64_t before = flow.bytes;
  const Outcome outcome =
      thread_.relay().Move(flow, fds_[from].get(), fds_[Other(from)].get(), ending_[from]);
  const uint64_t moved = flow.bytes - before;
  if (from == kClient) {
    ByteCounters::Add(server_bytes_->from_clients, moved);
    ByteCounters::Add(service_bytes_->from_clients, moved);
  } else {
    ByteCounters::Add(server_bytes_->to_clients, moved);
    ByteCounters::Add(service_bytes_->to_clients, moved);
  }
  switch (outcome) {
    case Outcome::kDrained:
    case Outcome::kBlocked:
      return;
    case Outcome::kUnfinished:
      return thread_.reactor().Again(fds_[from].get(), *this, from);
    case Outcome::kEnded:
      return OnFlowEnded(from);
    case Outcome::kInFailed:
      return OnReadFailed(from);
    case Outcome::kOutFailed:
      return OnWriteFailed(Other(from));
  }
}

void Session::OnFlowEnded(Side from) {
  flows_[from].ended = true;
  if (flows_[Other(from)].ended) return End(Cause::kNormal, Moment::kNormal);
  shutdown(fds_[Other(from)].get(), SHUT_WR);
  ArmTimer();
}

// A reset is passed on as one, so that the other side does not take the end for an orderly one.
void Session::OnReadFailed(Side side) {
  reset_[Other(side)] = errno == ECONNRESET;
  End(side == kClient ? Cause::kClient : Cause::kServer);
}

// What this side said before it went is still worth delivering: a server may answer "421 too busy"
// and close without reading.
void Session::OnWriteFailed(Side side) {
  net::Flow& last = flows_[side];
  if (!last.ended) {
    (void)thread_.relay().Move(last, fds_[side].get(), fds_[Other(side)].get(), true);
  }
  End(side == kClient ? Cause::kClient : Cause::kServer);
}

void Session::WriteAccessLine(Cause cause, Moment moment, const Service::Load& load) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const uint64_t age_ms = NowMs() - start_ms_;
  SessionRecord record;
  record.client = client_;
  record.accepted_us =
      int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000 - static_cast<int64_t>(age_ms) * 1000;
  record.service = settings_->service->name();
  if (server_) {
    record.server = server_->name;
    record.queue_ms = queue_ms_;
  }
  if (connected_ms_ > 0 || flows_[kServer].bytes > 0 || moment == Moment::kNormal ||
      moment == Moment::kData) {
    record.connect_ms = connected_ms_ - queue_ms_;
  }
  record.total_ms = static_cast<int64_t>(age_ms);
  record.bytes_from_client = flows_[kClient].bytes;
  record.bytes_to_client = flows_[kServer].bytes;
  record.cause = cause;
  record.moment = moment;
  record.process_sessions = thread_.shared().sessions.load(std::memory_order_relaxed);
  record.service_sessions = load.service_sessions;
  record.server_sessions = load.server_sessions;
  record.retries = retries_;
  record.redispatched = redispatched_;
  if (details_) {
    record.server_queue = details_->server_queue;
    record.service_queue = details_->service_queue;
    record.sni = details_->sni;
  }
  thread_.shared().log.Write(LogLevel::kAccess, thread_.access_log() == AccessLog::kJson
                                                    ? FormatAccessJson(record)
                                                    : FormatAccessLine(record));
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
  description.set_bytes_from_client(flows_[kClient].bytes);
  description.set_bytes_to_client(flows_[kServer].bytes);
  if (details_) description.set_sni(details_->sni);
  switch (phase_) {
    case Phase::kHeader:
    case Phase::kQueued:
      description.set_state("queued");
      break;
    case Phase::kConnecting:
      description.set_state("connecting");
      break;
    default:
      description.set_state(flows_[kClient].ended || flows_[kServer].ended ? "closing"
                                                                           : "established");
  }
}

}  // namespace aloha::proxy
