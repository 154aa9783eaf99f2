// From the server to the client.
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "workers/http/chars.h"
#include "workers/proxy/data_thread.h"
#include "workers/proxy/http_session.h"

namespace aloha::proxy {
namespace {

using http::Field;
using http::FieldName;

}  // namespace

void HttpSession::CountToClient(uint64_t bytes) {
  ByteCounters::Add(service_bytes_->to_clients, bytes);
  if (!server_) return;
  ByteCounters::Add(server_bytes_->to_clients, bytes);
  if (InPool()) ByteCounters::Add(backend_->service->bytes(thread_.index()).to_clients, bytes);
}

void HttpSession::PumpResponse() {
  while (phase_ != Phase::kEnded && Carries()) {
    Exchange& exchange = *exchange_;
    if (exchange.tunnel) {
      PumpTunnel(kServer);
      if (phase_ != Phase::kEnded && !exchange.pending.empty()) PumpTunnel(kClient);
      return;
    }
    if (exchange.to_client.waiting > 0) {
      const uint64_t before = exchange.to_client.bytes;
      const Outcome outcome = thread_.relay().Flush(exchange.to_client, ChannelOf(kClient));
      CountToClient(exchange.to_client.bytes - before);
      if (outcome == Outcome::kOutFailed) return End(Cause::kClient);
      if (outcome == Outcome::kBlocked) return;
    }
    if (exchange.response == Progress::kDone) {
      // An early answer leaves the request on its way.
      const bool all_sent = exchange.request == Progress::kDone && exchange.to_server.waiting == 0;
      if (!all_sent && exchange.server_keeps && phase_ == Phase::kEstablished) return;
      FinishExchange();
      if (phase_ != Phase::kEnded) PumpRequest();
      return;
    }
    if (phase_ != Phase::kEstablished) return;
    if (exchange.response == Progress::kHead) {
      if (!ReadResponseHead()) return;
    } else {
      const bool chunked = exchange.response_body.chunked();
      if (!(chunked ? MoveResponseChunks() : MoveResponseBody())) return;
    }
  }
}

bool HttpSession::ReadResponseHead() {
  if (!readable_[kServer]) return false;
  HttpScratch& scratch = thread_.http();
  Exchange& exchange = *exchange_;
  const size_t have = exchange.partial_response.size();
  exchange.partial_response.copy(scratch.in.get(), have);
  const auto [got, more] =
      thread_.relay().Receive(ChannelOf(kServer), scratch.in.get() + have, HttpScratch::kReadBytes);
  if (got < 0 && errno == EAGAIN) {
    readable_[kServer] = false;
    return false;
  }
  if (got <= 0) {
    OnServerEnded();
    return false;
  }
  readable_[kServer] = ending_[kServer] || more;
  return TakeResponseHead({scratch.in.get(), have + static_cast<size_t>(got)});
}

// Of the heads before the final one (1xx) each is passed on by itself.
bool HttpSession::TakeResponseHead(std::string_view bytes) {
  Exchange& exchange = *exchange_;
  HttpScratch& scratch = thread_.http();
  while (true) {
    const http::HeadEnd end = http::FindHeadEnd(bytes, &exchange.response_scanned);
    if (end.kind == http::HeadEnd::Kind::kBad) return RefuseResponse("bare LF"), false;
    if (end.kind == http::HeadEnd::Kind::kIncomplete && bytes.size() <= http::kMaxHead) {
      exchange.partial_response.assign(bytes);
      return true;
    }
    if (end.kind == http::HeadEnd::Kind::kIncomplete || end.size > http::kMaxHead) {
      return RefuseResponse("head too long"), false;
    }
    const http::Refusal refusal = http::ReadResponseHead(
        bytes.substr(0, end.size), exchange.to_head, exchange.websocket, scratch.response);
    if (refusal) return RefuseResponse(refusal.reason), false;
    exchange.response_scanned = 0;
    const std::string_view rest = bytes.substr(end.size);
    const bool interim = scratch.response.status < 200 && scratch.response.status != 101;
    if (!interim) return PassResponseHead(rest);
    if (!PassInterim()) return false;
    exchange.partial_response.clear();
    if (rest.empty()) return true;
    bytes = rest;
  }
}

// RFC 9110 section 15.2: HTTP/1.0 knows none.
bool HttpSession::PassInterim() {
  if (exchange_->minor_version == 0) return true;
  BuildResponse();
  HttpScratch& scratch = thread_.http();
  const iovec part{scratch.out.data(), scratch.out.size()};
  const uint64_t before = exchange_->to_client.bytes;
  const Outcome outcome = thread_.relay().Write(exchange_->to_client, ChannelOf(kClient), &part, 1);
  CountToClient(exchange_->to_client.bytes - before);
  // A client that does not even take this is not worth collecting it for.
  if (outcome != Outcome::kDrained) End(Cause::kClient);
  return outcome == Outcome::kDrained;
}

bool HttpSession::PassResponseHead(std::string_view rest) {
  Exchange& exchange = *exchange_;
  HttpScratch& scratch = thread_.http();
  http::ResponseHead& head = scratch.response;
  exchange.partial_response.clear();
  exchange.replay.clear();
  exchange.response_us = net::MonotonicUs();
  exchange.status = head.status;
  exchange.response_body = head.body;
  const auto taken = exchange.response_body.Take(rest);
  if (!taken) return RefuseResponse("malformed chunks"), false;
  exchange.tunnel = head.status == 101;
  const bool surplus = *taken < rest.size() && !exchange.tunnel;
  exchange.server_keeps = head.keep_alive && !surplus && !exchange.tunnel;
  if (head.body.until_close() || head.minor_version == 0) exchange.keep_alive = false;
  if (pinned_ && !exchange.server_keeps) exchange.keep_alive = false;
  if (last_) exchange.keep_alive = false;
  BuildResponse();
  exchange.response = exchange.response_body.done() ? Progress::kDone : Progress::kBody;
  if (!exchange.response_body.chunked()) exchange.to_client.limit = exchange.response_body.left();
  if (exchange.tunnel) exchange.to_client.limit = exchange.to_server.limit = UINT64_MAX;
  std::string_view body = rest.substr(0, exchange.tunnel ? rest.size() : *taken);
  if (body.size() <= HttpScratch::kCopiedBody) {
    scratch.out.append(body);
    body = {};
  }
  const iovec parts[] = {{scratch.out.data(), scratch.out.size()},
                         {const_cast<char*>(body.data()), body.size()}};
  const uint64_t before = exchange.to_client.bytes;
  const bool last = !exchange.keep_alive && exchange.response == Progress::kDone &&
                    exchange.request == Progress::kDone && !exchange.tunnel;
  const Outcome outcome = thread_.relay().Write(exchange.to_client, ChannelOf(kClient), parts,
                                                body.empty() ? 1 : 2, last);
  CountToClient(exchange.to_client.bytes - before);
  if (outcome == Outcome::kOutFailed) End(Cause::kClient);
  return outcome != Outcome::kOutFailed;
}

void HttpSession::BuildResponse() {
  HttpScratch& scratch = thread_.http();
  const http::ResponseHead& head = scratch.response;
  const HttpRules& rules = *settings_->http;
  Exchange& exchange = *exchange_;
  std::string& out = scratch.out;
  const bool upgrade = head.status == 101;
  out.assign(head.line);
  for (const Field& field : head.fields.all()) {
    const bool kept =
        upgrade && (field.id == FieldName::kUpgrade || field.id == FieldName::kConnection);
    if (field.dropped && !kept) continue;
    if (!rules.response_fields.Names(field.name)) out.append(field.line);
  }
  if (head.status >= 200) {
    out.append(rules.response_fields.lines);
    if (!exchange.request_id.empty()) {
      out.append(rules.request_id_field).append(": ").append(exchange.request_id).append("\r\n");
    }
    AppendCookie(out);
    if (!exchange.keep_alive) {
      out.append("Connection: close\r\n");
    } else if (exchange.minor_version == 0) {
      out.append("Connection: keep-alive\r\n");
    }
  }
  out.append("\r\n");
}

// Tells the client where it belongs, unless it knows.
void HttpSession::AppendCookie(std::string& out) {
  if (!backend_->cookie || !server_) return;
  for (const auto& entry : backend_->plan.servers) {
    if (entry.server != server_ || entry.settings.cookie.empty()) continue;
    const PersistenceCookie& cookie = *backend_->cookie;
    if (exchange_->cookie == entry.settings.cookie && !cookie.refresh) return;
    out.append("Set-Cookie: ").append(cookie.name).append("=");
    out.append(entry.settings.cookie).append(cookie.attributes);
    if (tls_[kClient]) out.append(cookie.secure_attributes);
    out.append("\r\n");
    exchange_->cookie_in_response = 'I';
  }
}

bool HttpSession::MoveResponseBody() {
  Exchange& exchange = *exchange_;
  net::Flow& flow = exchange.to_client;
  const uint64_t before = flow.bytes;
  const Outcome outcome =
      thread_.relay().Move(flow, ChannelOf(kServer), ChannelOf(kClient), ending_[kServer]);
  CountToClient(flow.bytes - before);
  switch (outcome) {
    case Outcome::kDrained:
      readable_[kServer] = false;
      return false;
    case Outcome::kBlocked:
      return false;
    case Outcome::kUnfinished:
      thread_.reactor().Again(fds_[kServer].get(), *this, kServer);
      return false;
    case Outcome::kLimit:
      exchange.response = Progress::kDone;
      return true;
    case Outcome::kEnded:
      if (!exchange.response_body.until_close()) return End(Cause::kServer), false;
      exchange.response = Progress::kDone;
      return true;
    case Outcome::kInFailed:
      reset_[kClient] = true;  // a truncation must not look like the end
      return End(Cause::kServer), false;
    case Outcome::kOutFailed:
      return End(Cause::kClient), false;
  }
  return false;
}

bool HttpSession::MoveResponseChunks() {
  if (!readable_[kServer]) return false;
  Exchange& exchange = *exchange_;
  HttpScratch& scratch = thread_.http();
  const auto [got, more] =
      thread_.relay().Receive(ChannelOf(kServer), scratch.in.get(), HttpScratch::kReadBytes);
  if (got < 0 && errno == EAGAIN) {
    readable_[kServer] = false;
    return false;
  }
  if (got <= 0) return End(Cause::kServer), false;
  readable_[kServer] = ending_[kServer] || more;
  const auto taken = exchange.response_body.Take({scratch.in.get(), static_cast<size_t>(got)});
  if (!taken) {
    settings_->service->http(thread_.index()).Add(HttpCounters::kBadResponses);
    exchange.refused = "malformed chunks";
    return End(Cause::kServer), false;
  }
  if (exchange.response_body.done()) exchange.response = Progress::kDone;
  if (*taken < static_cast<size_t>(got)) exchange.server_keeps = false;
  const uint64_t before = exchange.to_client.bytes;
  const iovec part{scratch.in.get(), *taken};
  const Outcome outcome = thread_.relay().Write(exchange.to_client, ChannelOf(kClient), &part, 1);
  CountToClient(exchange.to_client.bytes - before);
  if (outcome == Outcome::kOutFailed) return End(Cause::kClient), false;
  return outcome == Outcome::kDrained;
}

// The connection ended before the head of a response.
void HttpSession::OnServerEnded() {
  Exchange& exchange = *exchange_;
  const bool said_nothing = exchange.partial_response.empty();
  if (!exchange.first_on_server && said_nothing) {
    // The server closed it while the request was on its way.
    const bool again = !exchange.replay.empty();
    if (!again) return End(Cause::kServer);  // as if the client connection had ended before
    const std::string request = std::exchange(exchange.replay, {});
    readable_[kServer] = false;
    Disconnect();
    exchange.first_on_server = true;
    thread_.relay().Release(exchange.to_server);
    const iovec part{const_cast<char*>(request.data()), request.size()};
    net::Relay::Keep(exchange.to_server, &part, 1, 0);
    return ConnectAgain();
  }
  RefuseResponse(said_nothing ? "connection closed without a response"
                              : "connection closed in the head of a response");
}

void HttpSession::RefuseResponse(const char* reason) {
  settings_->service->http(thread_.index()).Add(HttpCounters::kBadResponses);
  exchange_->refused = reason;
  exchange_->cause = Cause::kServer;
  exchange_->moment = Moment::kResponse;
  Answer(502);
}

}  // namespace aloha::proxy
