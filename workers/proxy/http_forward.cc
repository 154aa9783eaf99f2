// How a request goes on: to which server, and with which fields.
#include <sys/random.h>

#include <cstdlib>
#include <utility>

#include "workers/http/cookie.h"
#include "workers/proxy/data_thread.h"
#include "workers/proxy/http_session.h"
#include "workers/proxy/keyed_hash.h"

namespace aloha::proxy {
namespace {

using http::Field;
using http::FieldName;

std::string RandomId() {
  uint8_t bytes[16];
  if (getrandom(bytes, sizeof bytes, 0) != ssize_t{sizeof bytes}) std::abort();
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

void HttpSession::Forward(const std::shared_ptr<const ServiceSettings>& backend,
                          std::string_view body) {
  Exchange& exchange = *exchange_;
  exchange.forwarded = true;
  exchange.cause = Cause::kNormal;
  exchange.moment = Moment::kNormal;
  if (!exchange.request_body.chunked()) exchange.to_server.limit = exchange.request_body.left();
  if (!settings_->http->request_id_field.empty()) exchange.request_id = RandomId();
  ReadCookie(*backend);
  BuildRequest(*backend);
  HttpScratch& scratch = thread_.http();
  if (body.size() <= HttpScratch::kCopiedBody) {
    scratch.out.append(body);
    body = {};
  }
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
  const bool trusted = !rules.trusted_proxies.empty() && rules.trusted_proxies.Contains(client_.ip);
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
    if (!rules.request_fields.Names(field.name)) out.append(field.line);
  }
  AppendForwarded(out, head, trusted);
  out.append(rules.request_fields.lines);
  if (!exchange_->request_id.empty()) {
    out.append(rules.request_id_field).append(": ").append(exchange_->request_id).append("\r\n");
  }
  if (head.websocket) {
    out.append("Connection: Upgrade\r\n");
  } else if (!head.keep_alive) {
    out.append("Connection: close\r\n");
  }
  out.append("\r\n");
}

void HttpSession::AppendForwarded(std::string& out, const http::RequestHead& head, bool trusted) {
  out.append("X-Forwarded-For: ");
  bool proto = false;
  if (trusted) {
    for (const Field& field : head.fields.all()) {
      if (field.id == FieldName::kXForwardedFor) out.append(field.value).append(", ");
      proto = proto || field.id == FieldName::kXForwardedProto;
    }
  }
  out.append(net::FormatIp(client_.ip)).append("\r\n");
  if (!proto) {
    out.append(tls_[kClient] ? "X-Forwarded-Proto: https\r\n" : "X-Forwarded-Proto: http\r\n");
  }
  if (tls_[kClient]) out.append("Front-End-Https: On\r\n");
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
    if (choice.kind != Kind::kServer || choice.server->address != server_->address ||
        *choice.approach != *approach_) {
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
      return UseServer(std::move(choice.server), std::move(choice.approach));
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
  if (exchange.request != Progress::kDone) SendWithoutDelay();
  const Outcome outcome =
      thread_.relay().Write(exchange.to_server, ChannelOf(kServer), parts, count);
  CountToServer(exchange.to_server.bytes);
  OnRequestWritten(outcome);
}

// There is no connection that could be used.
void HttpSession::Elsewhere(const std::shared_ptr<const ServiceSettings>& backend,
                            const Claim& claim, const iovec* parts, int count) {
  net::Relay::Keep(exchange_->to_server, parts, count, 0);
  UseBackend(backend);
  search_ms_ = NowMs();
  FindServer(claim);
}

}  // namespace aloha::proxy
