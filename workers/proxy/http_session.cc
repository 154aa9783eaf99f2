// The life of an HTTP session between its messages.
#include "workers/proxy/http_session.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "workers/proxy/data_thread.h"

namespace aloha::proxy {
namespace {

constexpr uint32_t kEndEvents = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
// How long a client may go on sending after the last answer, which a reset would
// destroy before it is read.
constexpr uint64_t kLingerMs = 5000;

static_assert(sizeof(HttpSession) <= 320, "an idle connection is to stay small");

int64_t WallUs() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace

HttpSession::HttpSession(DataThread& thread, uint64_t id, UniqueFd client, const net::Address& peer,
                         std::shared_ptr<const ServiceSettings> settings, uint16_t listener)
    : Session(thread, id, std::move(client), peer, std::move(settings), listener),
      generation_(thread.generation()),
      last_(thread.draining()) {}

void HttpSession::OnAccepted() {
  ArmTimer();
  // A request may have come with its header or its handshake.
  if (settings_->listeners[listener_].accept_proxy || tls_[kClient]) {
    readable_[kClient] = true;
    PumpRequest();
  }
}

void HttpSession::OnClientEarly(uint32_t events) {
  if (events & (EPOLLHUP | EPOLLERR)) return End(Cause::kClient);
  readable_[kClient] = true;
}

void HttpSession::OnConnected(uint32_t events) {
  Exchange& exchange = *exchange_;
  pinned_ = exchange.binds;
  readable_[kServer] = IsReadable(events, kServer);
  if (exchange.request != Progress::kDone) SendWithoutDelay();
  OnRequestWritten(FlushRequest());
  if (phase_ == Phase::kEstablished) PumpRequest();
  if (phase_ == Phase::kEstablished && readable_[kServer]) PumpResponse();
}

void HttpSession::OnNoServer(Cause cause, Moment moment) {
  ReleaseServer();
  thread_.relay().Release(exchange_->to_server);
  exchange_->cause = cause;
  exchange_->moment = moment;
  Answer(503, "Retry-After: 10\r\n");
}

void HttpSession::OnTraffic(uint32_t events, Side side) {
  if (lingering_) return DiscardClient();
  since_ms_ = NowMs();
  if (IsReadable(events, side)) readable_[side] = true;
  if (side == kServer) {
    if (!Carries()) return OnIdleServer(events);
    if ((events & EPOLLOUT) && exchange_->to_server.waiting > 0) PumpRequest();
    if (phase_ == Phase::kEstablished && readable_[kServer]) PumpResponse();
    return;
  }
  if (Carries() && (events & (EPOLLHUP | EPOLLERR))) return End(Cause::kClient);
  if ((events & EPOLLOUT) && exchange_ && exchange_->to_client.waiting > 0) PumpResponse();
  if (phase_ != Phase::kEnded && readable_[kClient]) PumpRequest();
}

// The server connection waits for the next request: a server that closes it, or speaks without
// being asked, is left.
void HttpSession::OnIdleServer(uint32_t events) {
  const bool ended = (events & kEndEvents) != 0;
  char byte;
  if (!ended && thread_.relay().Receive(ChannelOf(kServer), &byte, 1).bytes < 0 &&
      errno == EAGAIN) {
    return;
  }
  DropServer();
}

void HttpSession::DropServer() {
  const bool pinned = std::exchange(pinned_, false);
  Disconnect();
  ReleaseServer();
  readable_[kServer] = false;
  // The client believes that this connection is authenticated; it must learn that it is not.
  if (pinned) End(Cause::kNormal, Moment::kNormal);
}

void HttpSession::OnServerGone(Cause cause) {
  if (!Carries()) return DropServer();
  reset_[kServer] = true;
  End(cause);
}

void HttpSession::Drain() {
  last_ = true;
  if (!exchange_ && phase_ != Phase::kHeader) End(Cause::kNormal, Moment::kNormal);
}

uint64_t HttpSession::IdleDeadlineMs() const {
  if (lingering_) return since_ms_ + kLingerMs;
  const HttpRules& rules = *settings_->http;
  if (!exchange_) return since_ms_ + rules.keep_alive_timeout_ms;
  if (exchange_->request == Progress::kHead) {
    return static_cast<uint64_t>(exchange_->began_us) / 1000 + rules.head_timeout_ms;
  }
  return since_ms_ + backend_->idle_timeout_ms;
}

void HttpSession::OnIdle() {
  if (lingering_ || !exchange_) return End(Cause::kNormal, Moment::kNormal);
  if (exchange_->request == Progress::kHead) {
    exchange_->cause = Cause::kClientTimeout;
    return Refuse({408, "no whole head in time"});
  }
  if (exchange_->response == Progress::kHead) {
    const bool client = exchange_->request == Progress::kBody && exchange_->to_server.waiting == 0;
    exchange_->cause = client ? Cause::kClientTimeout : Cause::kServerTimeout;
    exchange_->moment = client ? Moment::kData : Moment::kResponse;
    return Answer(client ? 408 : 504);
  }
  End(exchange_->to_client.waiting > 0 ? Cause::kClientTimeout : Cause::kServerTimeout);
}

Moment HttpSession::CurrentMoment() const {
  if (phase_ == Phase::kQueued || phase_ == Phase::kConnecting) return Session::CurrentMoment();
  if (!exchange_ || exchange_->request == Progress::kHead) return Moment::kHeader;
  return exchange_->response == Progress::kHead ? Moment::kResponse : Moment::kData;
}

// A server that takes few connections does not keep one that only waits.
bool HttpSession::ServerStays() const {
  if (!exchange_->server_keeps || ending_[kServer]) return false;
  if (pinned_) return true;
  for (const auto& entry : backend_->plan.servers) {
    if (entry.server == server_) return entry.settings.max_connections == 0;
  }
  return true;
}

void HttpSession::FinishExchange() {
  Exchange& exchange = *exchange_;
  // The client believes that a pinned connection is authenticated.
  const bool lost = pinned_ && ending_[kServer];
  const bool keep = exchange.keep_alive && !last_ && !lost;
  const bool unread =
      exchange.unread || exchange.request != Progress::kDone || !exchange.pending.empty();
  Service::Load load;
  if (thread_.access_log() != AccessLog::kOff) {
    load = backend_->service->CurrentLoad(server_.get());
    if (InPool()) load.service_sessions = settings_->service->CurrentLoad(nullptr).service_sessions;
  }
  WriteAccessLine(exchange.cause, exchange.moment, load);
  ++requests_;
  if (phase_ == Phase::kEstablished && !(keep && ServerStays())) {
    Disconnect();
    ReleaseServer();
    pinned_ = false;
    readable_[kServer] = false;
  }
  thread_.relay().Release(exchange.to_server);
  if (!keep) {
    const bool more = unread || readable_[kClient];
    thread_.http().Return(std::move(exchange_));
    return more ? Linger() : End(Cause::kNormal, Moment::kNormal);
  }
  since_ms_ = NowMs();
  if (exchange.pending.empty()) {
    thread_.http().Return(std::move(exchange_));
  } else {
    exchange.Reset();
    exchange.began_us = net::MonotonicUs();
  }
  ArmTimerEarlier();
}

void HttpSession::Linger() {
  lingering_ = true;
  if (server_) {
    Disconnect();
    ReleaseServer();
  }
  ShutDown(kClient);
  since_ms_ = NowMs();
  ArmTimer();
  DiscardClient();
}

void HttpSession::DiscardClient() {
  for (int reads = 0; reads < 16; ++reads) {
    const ssize_t got =
        recv(fds_[kClient].get(), thread_.http().in.get(), HttpScratch::kReadBytes, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) break;
  }
  End(Cause::kNormal, Moment::kNormal);
}

void HttpSession::OnEnd(Cause cause, Moment moment, const Service::Load& load) {
  if (!exchange_) return;
  if (Carries() || !exchange_->pending.empty()) WriteAccessLine(cause, moment, load);
  thread_.relay().Release(exchange_->to_server);
  thread_.relay().Release(exchange_->to_client);
  thread_.http().Return(std::move(exchange_));
}

void HttpSession::WriteAccessLine(Cause cause, Moment moment, const Service::Load& load) {
  const Exchange& exchange = *exchange_;
  const int64_t now_us = net::MonotonicUs();
  const uint32_t thread = thread_.index();
  // Where it went, if it went anywhere.
  Service& backend = exchange.forwarded ? *backend_->service : *settings_->service;
  Server* server = exchange.forwarded ? server_.get() : nullptr;
  if (server == nullptr) server = exchange.given_up.get();
  for (Service* service : {settings_->service.get(), &backend}) {
    service->http(thread).Add(HttpCounters::kRequests);
    if (exchange.status >= 100) service->http(thread).AddResponse(exchange.status);
    if (exchange.own_answer) service->http(thread).Add(HttpCounters::kOwn);
    if (exchange.head_us > 0 && exchange.status > 0) {
      service->response_times(thread).Add(static_cast<uint64_t>(now_us - exchange.head_us));
    }
    if (&backend == settings_->service.get()) break;
  }
  if (server != nullptr) {
    HttpCounters& counters = server->http[thread];
    counters.Add(HttpCounters::kRequests);
    if (exchange.status >= 100 && !exchange.own_answer) counters.AddResponse(exchange.status);
  }
  if (thread_.access_log() == AccessLog::kOff) return;
  RequestRecord record{client_};
  record.accepted_us = WallUs() - (now_us - exchange.began_us);
  record.frontend = settings_->service->name();
  record.backend = backend.name();
  if (server != nullptr) record.server = server->name;
  if (const net::TlsStream* tls = tls_[kClient].get(); tls != nullptr) {
    record.tls_version = net::TlsVersionName(tls->records().version());
    record.tls_cipher = net::TlsCipherName(tls->records().cipher());
  }
  if (exchange.head_us > 0) record.request_ms = (exchange.head_us - exchange.began_us) / 1000;
  if (server != nullptr) {
    record.queue_ms = exchange.first_on_server ? queue_ms_ : 0;
    record.connect_ms = exchange.first_on_server ? connected_ms_ - queue_ms_ : 0;
    if (exchange.response_us > 0) {
      record.response_ms =
          (exchange.response_us - exchange.head_us) / 1000 - record.queue_ms - record.connect_ms;
      // Waiting and connecting are measured by a coarser clock.
      record.response_ms = std::max<int64_t>(record.response_ms, 0);
    }
  }
  record.total_ms = (now_us - exchange.began_us) / 1000;
  record.status = exchange.status;
  record.bytes_to_client = exchange.to_client.bytes;
  record.bytes_from_client = exchange.read_from_client;
  record.cause = static_cast<char>(cause);
  record.moment = static_cast<char>(moment);
  if (exchange.forwarded && backend_->cookie) {
    record.cookie_client = exchange.cookie_in_request;
    record.cookie_server = exchange.cookie_in_response;
  }
  record.process_sessions = thread_.shared().sessions.load(std::memory_order_relaxed);
  record.frontend_sessions = load.service_sessions;
  record.backend_sessions = load.backend_sessions;
  record.server_sessions = load.server_sessions;
  record.retries = exchange.first_on_server ? retries_ : 0;
  record.redispatched = exchange.first_on_server && redispatched_;
  if (details_) {
    record.server_queue = details_->server_queue;
    record.backend_queue = details_->service_queue;
  }
  record.method = exchange.method;
  record.target = exchange.target;
  record.version = exchange.minor_version == 1 ? "HTTP/1.1" : "HTTP/1.0";
  record.request_id = exchange.request_id;
  record.refused = exchange.refused;
  HttpScratch& scratch = thread_.http();
  scratch.line.clear();
  if (thread_.access_log() == AccessLog::kJson) {
    AppendHttpJson(scratch.line, record, scratch.clock);
  } else {
    AppendHttpLine(scratch.line, record, scratch.clock);
  }
  thread_.shared().log.Write(LogLevel::kAccess, scratch.line);
}

void HttpSession::Describe(worker::v1::Session& description) const {
  Session::Describe(description);
  description.set_requests(requests_);
  if (phase_ == Phase::kOpen || phase_ == Phase::kEstablished) {
    description.set_state(exchange_ ? "established" : "idle");
  }
  if (!exchange_) return;
  description.set_bytes_from_client(exchange_->read_from_client);
  description.set_bytes_to_client(exchange_->to_client.bytes);
  if (Carries()) {
    const std::string request = exchange_->method + " " + exchange_->target;
    description.set_request(EscapeForLog(request.substr(0, 200)));
  }
}

}  // namespace aloha::proxy
