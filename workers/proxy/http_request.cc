// From the client to the server.
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include <cerrno>
#include <utility>

#include "workers/http/chars.h"
#include "workers/http/cookie.h"
#include "workers/http/path.h"
#include "workers/proxy/data_thread.h"
#include "workers/proxy/http_session.h"
#include "workers/proxy/keyed_hash.h"
#include "workers/proxy/rate_limiter.h"

namespace aloha::proxy {
namespace {

using http::Field;
using http::FieldName;

int64_t MonotonicUs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

bool IsSet(const SetFields& fields, const Field& field) {
  for (const std::string& name : fields.names) {
    if (http::EqualsLower(field.name, name)) return true;
  }
  return false;
}

std::string RandomId() {
  uint8_t bytes[16];
  (void)getrandom(bytes, sizeof bytes, 0);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

void HttpSession::CountFromClient(uint64_t bytes) {
  exchange_->read_from_client += bytes;
  ByteCounters::Add(service_bytes_->from_clients, bytes);
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
        OnRequestWritten(thread_.relay().Flush(exchange_->to_server, fds_[kServer].get()));
      }
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
    const ssize_t got =
        recv(fds_[kClient].get(), scratch.in.get() + have, HttpScratch::kReadBytes, MSG_DONTWAIT);
    if (got <= 0) {
      if (got < 0 && errno == EAGAIN) {
        readable_[kClient] = false;
      } else {
        OnClientEnded();
      }
      return false;
    }
    readable_[kClient] = ending_[kClient] || got == HttpScratch::kReadBytes;
    if (!exchange_) {
      exchange_ = scratch.Take();
      exchange_->began_us = MonotonicUs();
    }
    have += static_cast<size_t>(got);
    CountFromClient(static_cast<uint64_t>(got));
  }
  std::string_view bytes(scratch.in.get(), have);
  while (scanned == 0 && bytes.starts_with("\r\n")) bytes.remove_prefix(2);  // RFC 9112 section 2.2
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
  exchange.head_us = MonotonicUs();
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
  if (rules.rate_limiter && !rules.rate_limiter->Take(client_.ip, NowMs())) {
    settings_->service->http(thread_.index()).Add(HttpCounters::kLimited);
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
    return Answer(403), nullptr;
  }
  return route->backend;
}

void HttpSession::Forward(const std::shared_ptr<const ServiceSettings>& backend,
                          std::string_view body) {
  Exchange& exchange = *exchange_;
  if (!exchange.request_body.chunked()) exchange.to_server.limit = exchange.request_body.left();
  if (!settings_->http->request_id_field.empty()) exchange.request_id = RandomId();
  ReadCookie(*backend);
  BuildRequest(*backend);
  HttpScratch& scratch = thread_.http();
  const iovec parts[] = {{scratch.out.data(), scratch.out.size()},
                         {const_cast<char*>(body.data()), body.size()}};
  exchange.binds = scratch.request.binds_connection;
  SendRequest(backend, MakeClaim(*backend), parts, body.empty() ? 1 : 2);
}

void HttpSession::ReadCookie(const ServiceSettings& backend) {
  if (!backend.cookie) return;
  Exchange& exchange = *exchange_;
  for (const Field& field : thread_.http().request.fields.all()) {
    if (field.id != FieldName::kCookie) continue;
    const std::string_view value = http::FindCookie(field.value, backend.cookie->name);
    if (value.empty()) continue;
    exchange.cookie.assign(value);
    exchange.cookie_in_request = 'I';
    for (const auto& entry : backend.plan.servers) {
      if (entry.settings.cookie == value) exchange.cookie_in_request = 'V';
    }
    return;
  }
}

Claim HttpSession::MakeClaim(const ServiceSettings& backend) {
  Claim claim{.client = client_.ip};
  if (exchange_->cookie_in_request == 'V') claim.cookie = exchange_->cookie;
  if (backend.plan.by_authorization && !thread_.http().request.binds_connection) {
    const Field* field = thread_.http().request.fields.Find(FieldName::kAuthorization);
    if (field != nullptr) claim.authorization = KeyedHash(backend.persistence_key, field->value);
  }
  return claim;
}

void HttpSession::BuildRequest(const ServiceSettings& backend) {
  const HttpRules& rules = *settings_->http;
  HttpScratch& scratch = thread_.http();
  const http::RequestHead& head = scratch.request;
  const bool trusted = rules.trusted_proxies.Contains(client_.ip);
  std::string& out = scratch.out;
  out.assign(head.line);
  for (const Field& field : head.fields.all()) {
    const bool kept_upgrade = head.websocket && field.id == FieldName::kUpgrade;
    if (field.dropped && !kept_upgrade) continue;
    switch (field.id) {
      case FieldName::kXForwardedFor:
      case FieldName::kFrontEndHttps:
        continue;
      case FieldName::kXForwardedProto:
        if (!trusted) continue;
        break;
      case FieldName::kCookie:
        if (backend.cookie && field.value.find(backend.cookie->name) != std::string_view::npos) {
          const size_t before = out.size();
          out.append(field.name).append(": ");
          const size_t begin = out.size();
          out.resize(begin + field.value.size() + 2);
          const size_t left =
              http::RemoveCookie(field.value, backend.cookie->name, out.data() + begin);
          out.resize(left == 0 ? before : begin + left);
          if (left > 0) out.append("\r\n");
          continue;
        }
        break;
      default:
        break;
    }
    if (!IsSet(rules.request_fields, field)) out.append(field.line);
  }
  AppendForwarded(out, head);
  out.append(rules.request_fields.lines);
  if (!exchange_->request_id.empty()) {
    out.append(rules.request_id_field).append(": ").append(exchange_->request_id).append("\r\n");
  }
  if (head.websocket)
    out.append("Connection: Upgrade\r\n");
  else if (!head.keep_alive)
    out.append("Connection: close\r\n");
  out.append("\r\n");
}

void HttpSession::AppendForwarded(std::string& out, const http::RequestHead& head) {
  const bool trusted = settings_->http->trusted_proxies.Contains(client_.ip);
  out.append("X-Forwarded-For: ");
  bool proto = false;
  if (trusted) {
    for (const Field& field : head.fields.all()) {
      if (field.id == FieldName::kXForwardedFor) out.append(field.value).append(", ");
      proto = proto || field.id == FieldName::kXForwardedProto;
    }
  }
  out.append(net::FormatIp(client_.ip)).append("\r\n");
  if (!proto) out.append("X-Forwarded-Proto: http\r\n");
}

void HttpSession::SendRequest(const std::shared_ptr<const ServiceSettings>& backend,
                              const Claim& from, const iovec* parts, int count) {
  Exchange& exchange = *exchange_;
  if (phase_ != Phase::kEstablished) return Elsewhere(backend, from, parts, count);
  if (!pinned_) {
    Claim claim = from;
    claim.connected = server_.get();
    Service::Choice choice = backend->service->Choose(claim, NowMs());
    using Kind = Service::Choice::Kind;
    if (choice.kind != Kind::kServer || choice.server->address != server_->address) {
      Disconnect();
      ReleaseServer();
      readable_[kServer] = false;
      if (choice.kind != Kind::kServer) return Elsewhere(backend, from, parts, count);
      UseBackend(backend);
      net::Relay::Keep(exchange.to_server, parts, count, 0);
      search_ms_ = NowMs();
      retries_ = 0;
      redispatched_ = false;
      if (details_) details_->tried.clear();
      return UseServer(std::move(choice.server), choice.send_proxy);
    }
    if (!choice.kept) ReleaseServer();
    UseBackend(backend);
    if (!choice.kept) TakeServer(std::move(choice.server));
  }
  exchange.first_on_server = false;
  pinned_ = pinned_ || exchange.binds;
  const bool repeatable = !pinned_ && exchange.request == Progress::kDone &&
                          (exchange.method == "GET" || exchange.to_head);
  if (repeatable) {
    exchange.replay.assign(static_cast<const char*>(parts[0].iov_base), parts[0].iov_len);
  }
  ArmTimerEarlier();
  OnRequestWritten(thread_.relay().Write(exchange.to_server, fds_[kServer].get(), parts, count));
}

// There is no connection that could be used.
void HttpSession::Elsewhere(const std::shared_ptr<const ServiceSettings>& backend,
                            const Claim& claim, const iovec* parts, int count) {
  net::Relay::Keep(exchange_->to_server, parts, count, 0);
  UseBackend(backend);
  search_ms_ = NowMs();
  FindServer(claim);
}

void HttpSession::OnRequestWritten(Outcome outcome) {
  if (outcome != Outcome::kOutFailed) return;
  // The server takes no more; it may have said why.
  exchange_->request = Progress::kDone;
  exchange_->keep_alive = false;
  exchange_->to_server = net::Flow();
  readable_[kServer] = true;
}

bool HttpSession::MoveRequestBody() {
  Exchange& exchange = *exchange_;
  net::Flow& flow = exchange.to_server;
  const uint64_t before = flow.bytes, limit = flow.limit;
  const Outcome outcome =
      thread_.relay().Move(flow, fds_[kClient].get(), fds_[kServer].get(), ending_[kClient]);
  CountFromClient(limit - flow.limit);
  ByteCounters::Add(server_bytes_->from_clients, flow.bytes - before);
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
      return false;
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
  const Outcome flushed = thread_.relay().Flush(exchange.to_server, fds_[kServer].get());
  if (flushed == Outcome::kBlocked || !readable_[kClient]) return false;
  HttpScratch& scratch = thread_.http();
  const ssize_t got =
      recv(fds_[kClient].get(), scratch.in.get(), HttpScratch::kReadBytes, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) {
    readable_[kClient] = false;
    return false;
  }
  if (got <= 0) {
    reset_[kServer] = true;
    End(Cause::kClient);
    return false;
  }
  readable_[kClient] = ending_[kClient] || got == HttpScratch::kReadBytes;
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
  const Outcome outcome = thread_.relay().Write(exchange.to_server, fds_[kServer].get(), &part, 1);
  ByteCounters::Add(server_bytes_->from_clients, *taken);
  OnRequestWritten(outcome);
  if (outcome == Outcome::kOutFailed) PumpResponse();
  return outcome == Outcome::kDrained && exchange_ != nullptr;
}

}  // namespace aloha::proxy
