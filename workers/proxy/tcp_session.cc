#include "workers/proxy/tcp_session.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "workers/net/client_hello.h"
#include "workers/proxy/data_thread.h"

namespace aloha::proxy {
namespace {

static_assert(sizeof(TcpSession) <= 400, "an idle session is to stay small");

}  // namespace

using Outcome = net::Relay::Outcome;

TcpSession::TcpSession(DataThread& thread, uint64_t id, UniqueFd client, const net::Address& peer,
                       std::shared_ptr<const ServiceSettings> settings, uint16_t listener)
    : Session(thread, id, std::move(client), peer, std::move(settings), listener),
      want_name_(settings_->log_sni) {}

void TcpSession::OnAccepted() {
  // More may have come with its header or its handshake.
  client_ready_ = settings_->listeners[listener_].accept_proxy || tls_[kClient];
  FindServer({.client = client_.ip});
}

// The client's bytes stay in the kernel until there is a server connection.
void TcpSession::OnClientEarly(uint32_t events) {
  if (events & (EPOLLHUP | EPOLLERR)) return End(Cause::kClient);
  if (!(events & (EPOLLIN | EPOLLRDHUP))) return;
  client_ready_ = true;
  if (want_name_) ReadServerName();
}

void TcpSession::OnNoServer(Cause cause, Moment moment) { End(cause, moment); }

void TcpSession::OnServerGone(Cause cause) {
  reset_[kServer] = cause == Cause::kServerDown;  // nobody there reads any more
  End(cause);
}

uint64_t TcpSession::IdleDeadlineMs() const {
  const bool half_closed = flows_[kClient].ended || flows_[kServer].ended;
  const uint64_t idle = half_closed ? std::min(settings_->idle_timeout_ms, kHalfClosedTimeoutMs)
                                    : settings_->idle_timeout_ms;
  return since_ms_ + idle;
}

// The side that does not take its bytes is the one that is late.
void TcpSession::OnIdle() {
  End(flows_[kClient].waiting > 0 ? Cause::kServerTimeout : Cause::kClientTimeout);
}

void TcpSession::OnConnected(uint32_t events) {
  // The server has got STARTTLS in the configuration while this session waited for it.
  if (!approach_->tls.empty() && !tls_[kServer]) return OnConnectFailed(false, true);
  SendWithoutDelay();
  if (client_ready_) Move(kClient);
  if (phase_ == Phase::kEstablished && IsReadable(events, kServer)) Move(kServer);
}

void TcpSession::OnTraffic(uint32_t events, Side from) {
  since_ms_ = NowMs();
  // It had ended its stream; now it is gone altogether, which no read would show.
  if (flows_[from].ended && (events & (EPOLLHUP | EPOLLERR))) return OnWriteFailed(from);
  if (IsReadable(events, from)) Move(from);
  if ((events & EPOLLOUT) && phase_ == Phase::kEstablished && flows_[Other(from)].waiting > 0) {
    Move(Other(from));
  }
}

// Looks at the first bytes and leaves them where they are.
void TcpSession::ReadServerName() {
  char* const buffer = thread_.relay().buffer();
  const ssize_t got =
      recv(fds_[kClient].get(), buffer, net::kMaxClientHello, MSG_PEEK | MSG_DONTWAIT);
  if (got <= 0) return;
  const auto name = net::ReadServerName({buffer, static_cast<size_t>(got)});
  if (name.kind == net::ServerName::Kind::kFound) details().sni = EscapeForLog(name.name);
  want_name_ = name.kind == net::ServerName::Kind::kIncomplete;
}

void TcpSession::Move(Side from) {
  net::Flow& flow = flows_[from];
  if (flow.ended) return;
  if (want_name_ && from == kClient) {
    ReadServerName();
    want_name_ = false;  // the bytes go now
  }
  const uint64_t before = flow.bytes;
  const Outcome outcome =
      thread_.relay().Move(flow, ChannelOf(from), ChannelOf(Other(from)), ending_[from]);
  CountMoved(from, flow.bytes - before);
  switch (outcome) {
    case Outcome::kDrained:
    case Outcome::kBlocked:
      return;
    case Outcome::kUnfinished:
      return thread_.reactor().Again(fds_[from].get(), *this, from);
    case Outcome::kEnded:
    case Outcome::kLimit:  // none is set
      return OnFlowEnded(from);
    case Outcome::kInFailed:
      return OnReadFailed(from);
    case Outcome::kOutFailed:
      return OnWriteFailed(Other(from));
  }
}

void TcpSession::CountMoved(Side from, uint64_t bytes) {
  if (from == kClient) {
    ByteCounters::Add(server_bytes_->from_clients, bytes);
    ByteCounters::Add(service_bytes_->from_clients, bytes);
  } else {
    ByteCounters::Add(server_bytes_->to_clients, bytes);
    ByteCounters::Add(service_bytes_->to_clients, bytes);
  }
}

void TcpSession::OnFlowEnded(Side from) {
  flows_[from].ended = true;
  if (flows_[Other(from)].ended) return End(Cause::kNormal, Moment::kNormal);
  ShutDown(Other(from));
  ArmTimer();
}

// A reset is passed on as one, so that the other side does not take the end for an orderly one.
void TcpSession::OnReadFailed(Side side) {
  reset_[Other(side)] = errno == ECONNRESET;
  End(side == kClient ? Cause::kClient : Cause::kServer);
}

// What this side said before it went is still worth delivering: a server may answer "421 too busy"
// and close without reading.
void TcpSession::OnWriteFailed(Side side) {
  net::Flow& last = flows_[side];
  if (!last.ended) {
    (void)thread_.relay().Move(last, ChannelOf(side), ChannelOf(Other(side)), true);
  }
  End(side == kClient ? Cause::kClient : Cause::kServer);
}

void TcpSession::OnEnd(Cause cause, Moment moment, const Service::Load& load) {
  for (net::Flow& flow : flows_) thread_.relay().Release(flow);
  if (server_) settings_->service->RefreshStickEntry(client_.ip, *server_, NowMs());
  if (thread_.access_log() != AccessLog::kOff && cause != Cause::kDenied) {
    WriteAccessLine(cause, moment, load);
  }
}

void TcpSession::WriteAccessLine(Cause cause, Moment moment, const Service::Load& load) {
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
  if (const net::TlsStream* tls = tls_[kClient].get(); tls != nullptr) {
    record.sni = tls->server_name;
    record.tls_version = net::TlsVersionName(tls->records().version());
    record.tls_cipher = net::TlsCipherName(tls->records().cipher());
  }
  if (details_) {
    record.server_queue = details_->server_queue;
    record.service_queue = details_->service_queue;
    if (!details_->sni.empty()) record.sni = details_->sni;
  }
  thread_.shared().log.Write(LogLevel::kAccess, thread_.access_log() == AccessLog::kJson
                                                    ? FormatAccessJson(record)
                                                    : FormatAccessLine(record));
}

void TcpSession::Describe(worker::v1::Session& description) const {
  Session::Describe(description);
  description.set_bytes_from_client(flows_[kClient].bytes);
  description.set_bytes_to_client(flows_[kServer].bytes);
  if (flows_[kClient].ended || flows_[kServer].ended) description.set_state("closing");
}

}  // namespace aloha::proxy
