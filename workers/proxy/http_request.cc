// From the client: heads, and bodies on their way to the server. http_forward.cc sends heads on.
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "workers/http/chars.h"
#include "workers/http/path.h"
#include "workers/proxy/data_thread.h"
#include "workers/proxy/http_session.h"
#include "workers/proxy/rate_limiter.h"

namespace aloha::proxy {

void HttpSession::CountFromClient(uint64_t bytes) {
  exchange_->read_from_client += bytes;
  ByteCounters::Add(service_bytes_->from_clients, bytes);
}

void HttpSession::CountToServer(uint64_t bytes) {
  ByteCounters::Add(server_bytes_->from_clients, bytes);
  if (InPool()) ByteCounters::Add(backend_->service->bytes(thread_.index()).from_clients, bytes);
}

HttpSession::Outcome HttpSession::FlushRequest() {
  net::Flow& flow = exchange_->to_server;
  const uint64_t before = flow.bytes;
  const Outcome outcome = thread_.relay().Flush(flow, ChannelOf(kServer));
  CountToServer(flow.bytes - before);
  return outcome;
}

void HttpSession::PumpRequest() {
  while (phase_ != Phase::kEnded && !lingering_) {
    if (exchange_ && exchange_->tunnel) return PumpTunnel(kClient);
    if (!exchange_ || exchange_->request == Progress::kHead) {
      if (!ReadHead()) return;
    } else if (exchange_->request == Progress::kBody && phase_ == Phase::kEstablished) {
      const bool chunked = exchange_->request_body.chunked();
      if (!(chunked ? MoveRequestChunks() : MoveRequestBody())) return;
    } else {
      if (phase_ == Phase::kEstablished && exchange_->to_server.waiting > 0) {
        OnRequestWritten(FlushRequest());
      }
      // The answer came before the end of the request.
      const bool over = exchange_->request == Progress::kDone &&
                        exchange_->response == Progress::kDone && exchange_->to_server.waiting == 0;
      if (over) PumpResponse();
      return;
    }
  }
}

bool HttpSession::ReadHead() {
  HttpScratch& scratch = thread_.http();
  size_t have = 0, scanned = 0;
  if (exchange_) {
    have = exchange_->pending.size();
    scanned = exchange_->scanned;
    exchange_->pending.copy(scratch.in.get(), have);
  }
  const bool unseen = scanned < have;
  if (!unseen) {
    if (!readable_[kClient]) return false;
    const auto [got, more] = thread_.relay().Receive(ChannelOf(kClient), scratch.in.get() + have,
                                                     HttpScratch::kReadBytes);
    if (got <= 0) {
      if (got < 0 && errno == EAGAIN) {
        readable_[kClient] = false;
      } else {
        OnClientEnded();
      }
      return false;
    }
    readable_[kClient] = ending_[kClient] || more;
    if (!exchange_) {
      exchange_ = scratch.Take();
      exchange_->began_us = net::MonotonicUs();
    }
    have += static_cast<size_t>(got);
    CountFromClient(static_cast<uint64_t>(got));
  }
  std::string_view bytes(scratch.in.get(), have);
  while (scanned <= 1 && bytes.starts_with("\r\n")) {  // RFC 9112 section 2.2
    bytes.remove_prefix(2);
    scanned = 0;
  }
  const http::HeadEnd end = http::FindHeadEnd(bytes, &scanned);
  using Kind = http::HeadEnd::Kind;
  if (end.kind == Kind::kComplete && end.size <= http::kMaxHead) {
    StartRequest(bytes.substr(0, end.size), bytes.substr(end.size));
    return true;
  }
  exchange_->pending.assign(bytes);
  exchange_->scanned = scanned;
  if (end.kind == Kind::kBad) {
    Refuse({400, "bare LF"});
  } else if (end.kind == Kind::kComplete || bytes.size() > http::kMaxHead) {
    const bool long_line = bytes.find('\n') > http::kMaxTarget;
    Refuse(long_line ? http::Refusal{414, "request line too long"}
                     : http::Refusal{431, "head too long"});
  } else if (!bytes.empty() && bytes[0] != '\r' && !http::IsTokenChar(bytes[0])) {
    Refuse({400, "not HTTP"});
  } else if (const auto refusal = http::CheckRequestLine(bytes)) {
    Refuse(refusal);
  } else if (bytes.empty()) {
    thread_.http().Return(std::move(exchange_));
    return readable_[kClient];
  } else {
    ArmTimerEarlier();
  }
  return true;
}

void HttpSession::OnClientEnded() {
  const bool between = !exchange_ || exchange_->pending.empty();
  End(between ? Cause::kNormal : Cause::kClient, between ? Moment::kNormal : Moment::kHeader);
}

// New requests obey the newest configuration. False: the listener is not there any more.
bool HttpSession::RefreshSettings() {
  if (generation_ == thread_.generation()) return true;
  generation_ = thread_.generation();
  DataThread::ListenerUse use = thread_.FindListener(settings_->listeners[listener_].address);
  if (!use.settings || !use.settings->http || use.settings->service != settings_->service) {
    return false;
  }
  // A server that is still held belongs to the same service as before.
  const bool own = backend_ == settings_;
  settings_ = std::move(use.settings);
  listener_ = use.index;
  if (own) backend_ = settings_;
  return true;
}

void HttpSession::StartRequest(std::string_view bytes, std::string_view rest) {
  HttpScratch& scratch = thread_.http();
  Exchange& exchange = *exchange_;
  exchange.head_us = exchange.scanned == 0 ? exchange.began_us : net::MonotonicUs();
  exchange.request = Progress::kBody;
  if (!RefreshSettings()) last_ = true;
  http::RequestHead& head = scratch.request;
  const http::Refusal refusal = http::ReadRequestHead(bytes, head);
  exchange.method.assign(head.method);
  exchange.target.assign(head.target);
  exchange.pending.clear();
  if (refusal) return Refuse(refusal);
  exchange.minor_version = head.minor_version;
  exchange.keep_alive = head.keep_alive;
  exchange.to_head = head.head_method;
  exchange.websocket = head.websocket;
  exchange.request_body = head.body;
  const auto taken = exchange.request_body.Take(rest);
  if (!taken) return Refuse({400, "malformed chunks"});
  exchange.pending.assign(rest.substr(*taken));
  exchange.scanned = 0;
  if (exchange.request_body.done()) exchange.request = Progress::kDone;
  if (const auto backend = Route()) Forward(backend, rest.substr(0, *taken));
}

std::shared_ptr<const ServiceSettings> HttpSession::Route() {
  const HttpRules& rules = *settings_->http;
  HttpScratch& scratch = thread_.http();
  exchange_->cause = Cause::kLocal;  // unless a server is asked
  exchange_->moment = Moment::kHeader;
  if (rules.rate_limiter && !rules.rate_limiter->Take(client_.ip, NowMs())) {
    settings_->service->http(thread_.index()).Add(HttpCounters::kLimited);
    exchange_->cause = Cause::kDenied;
    Answer(429, "Retry-After: 1\r\n");
    return nullptr;
  }
  if (rules.redirects) return AnswerRedirect(), nullptr;
  if (!http::NormalizePath(exchange_->target, &scratch.path)) {
    Refuse({400, "path that servers may read differently"});
    return nullptr;
  }
  if (scratch.path == "/" && !rules.root_redirect.empty()) return AnswerRoot(), nullptr;
  const HttpRoute* const route = rules.FindRoute(scratch.path);
  if (route == nullptr) {
    if (!settings_->plan.servers.empty()) return settings_;
    return Answer(404), nullptr;
  }
  const bool allowed = route->allow_from.empty() || route->allow_from.Contains(client_.ip);
  if (route->backend == nullptr || !allowed) {
    settings_->service->CountDenied();
    exchange_->cause = Cause::kDenied;
    return Answer(403), nullptr;
  }
  return route->backend;
}

void HttpSession::OnRequestWritten(Outcome outcome) {
  if (outcome != Outcome::kOutFailed) return;
  // The server takes no more; it may have said why.
  if (exchange_->request != Progress::kDone) exchange_->keep_alive = false;
  exchange_->request = Progress::kDone;
  thread_.relay().Release(exchange_->to_server);
  readable_[kServer] = true;
}

bool HttpSession::MoveRequestBody() {
  Exchange& exchange = *exchange_;
  net::Flow& flow = exchange.to_server;
  const uint64_t before = flow.bytes, limit = flow.limit;
  const Outcome outcome =
      thread_.relay().Move(flow, ChannelOf(kClient), ChannelOf(kServer), ending_[kClient]);
  CountFromClient(limit - flow.limit);
  CountToServer(flow.bytes - before);
  switch (outcome) {
    case Outcome::kDrained:
      readable_[kClient] = false;
      return false;
    case Outcome::kBlocked:
      return false;
    case Outcome::kUnfinished:
      thread_.reactor().Again(fds_[kClient].get(), *this, kClient);
      return false;
    case Outcome::kLimit:
      exchange.request = Progress::kDone;
      readable_[kClient] = true;  // the next request may have come with the last bytes
      return true;
    case Outcome::kEnded:
    case Outcome::kInFailed:
      reset_[kServer] = true;
      End(Cause::kClient);
      return false;
    case Outcome::kOutFailed:
      OnRequestWritten(outcome);
      PumpResponse();
      return false;
  }
  return false;
}

bool HttpSession::MoveRequestChunks() {
  Exchange& exchange = *exchange_;
  const Outcome flushed = FlushRequest();
  if (flushed == Outcome::kBlocked || !readable_[kClient]) return false;
  HttpScratch& scratch = thread_.http();
  const auto [got, more] =
      thread_.relay().Receive(ChannelOf(kClient), scratch.in.get(), HttpScratch::kReadBytes);
  if (got < 0 && errno == EAGAIN) {
    readable_[kClient] = false;
    return false;
  }
  if (got <= 0) {
    reset_[kServer] = true;
    End(Cause::kClient);
    return false;
  }
  readable_[kClient] = ending_[kClient] || more;
  CountFromClient(static_cast<uint64_t>(got));
  const std::string_view bytes(scratch.in.get(), static_cast<size_t>(got));
  const auto taken = exchange.request_body.Take(bytes);
  if (!taken) {
    Refuse({400, "malformed chunks"});
    return false;
  }
  exchange.pending.assign(bytes.substr(*taken));
  exchange.scanned = 0;
  if (exchange.request_body.done()) exchange.request = Progress::kDone;
  const iovec part{scratch.in.get(), *taken};
  const uint64_t before = exchange.to_server.bytes;
  const Outcome outcome = thread_.relay().Write(exchange.to_server, ChannelOf(kServer), &part, 1);
  CountToServer(exchange.to_server.bytes - before);
  OnRequestWritten(outcome);
  if (outcome == Outcome::kOutFailed) PumpResponse();
  return outcome == Outcome::kDrained && exchange_ != nullptr;
}

}  // namespace aloha::proxy
