// What the proxy says itself: errors and redirects.
#include <string>

#include "workers/proxy/data_thread.h"
#include "workers/proxy/http_session.h"

namespace aloha::proxy {
namespace {

struct Phrase {
  int status;
  const char* reason;
  const char* text;
};
constexpr Phrase kPhrases[] = {
    {302, "Found", "The page is elsewhere."},
    {307, "Temporary Redirect", "The page is elsewhere."},
    {400, "Bad Request", "The request could not be understood."},
    {403, "Forbidden", "This part of the service is switched off."},
    {404, "Not Found", "There is no such page here."},
    {405, "Method Not Allowed", "This method is not served."},
    {408, "Request Timeout", "The request took too long."},
    {414, "URI Too Long", "The address is too long."},
    {417, "Expectation Failed", "The request expects what is not offered."},
    {429, "Too Many Requests", "Too many requests came from your address."},
    {431, "Request Header Fields Too Large", "The head of the request is too large."},
    {502, "Bad Gateway", "The server gave no valid answer."},
    {503, "Service Unavailable", "No server can serve this now. Please try again soon."},
    {504, "Gateway Timeout", "The server did not answer in time."},
    {505, "HTTP Version Not Supported", "Please use HTTP/1.1."},
};

const Phrase& PhraseOf(int status) {
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == status) return phrase;
  }
  return kPhrases[2];
}

std::string PlainPage(const Phrase& phrase) {
  return "<!DOCTYPE html><html lang=\"en\"><title>" + std::to_string(phrase.status) + " " +
         phrase.reason + "</title><h1>" + phrase.reason + "</h1><p>" + phrase.text +
         "</p></html>\n";
}

}  // namespace

void HttpSession::Refuse(http::Refusal refusal) {
  Exchange& exchange = *exchange_;
  settings_->service->http(thread_.index()).Add(HttpCounters::kBadRequests);
  exchange.refused = refusal.reason;
  exchange.unread = true;
  if (exchange.cause == Cause::kNormal || exchange.cause == Cause::kLocal) {
    exchange.cause = Cause::kDenied;
  }
  exchange.moment = Moment::kHeader;
  exchange.pending.clear();
  if (exchange.response != Progress::kHead) return End(exchange.cause, exchange.moment);
  Answer(refusal.status);
}

void HttpSession::Answer(int status, std::string_view extra_fields) {
  Exchange& exchange = *exchange_;
  const bool forwarded = exchange.to_server.bytes > 0 || exchange.to_server.waiting > 0;
  if (forwarded && phase_ == Phase::kEstablished) {
    reset_[kServer] = true;  // the server must not take what it has for a whole request
    exchange.given_up = server_;
    Disconnect();
    ReleaseServer();
    pinned_ = false;
    readable_[kServer] = false;
  }
  thread_.relay().Release(exchange.to_server);
  // What is left of the request would have to be read to its end for another to follow.
  const bool whole = exchange.request == Progress::kDone && !exchange.unread;
  exchange.unread = !whole;
  exchange.request = Progress::kDone;
  exchange.keep_alive = exchange.keep_alive && whole && !last_;
  exchange.server_keeps = true;
  exchange.own_answer = true;
  exchange.status = status;
  exchange.response = Progress::kDone;
  if (exchange.head_us == 0) exchange.head_us = exchange.began_us;
  const Phrase& phrase = PhraseOf(status);
  const auto page = settings_->http->error_pages.find(status);
  const bool replaced = page != settings_->http->error_pages.end();
  const std::string body = replaced ? page->second.body : PlainPage(phrase);
  std::string& out = thread_.http().out;
  out = exchange.minor_version == 0 ? "HTTP/1.0 " : "HTTP/1.1 ";
  out.append(std::to_string(status)).append(" ").append(phrase.reason).append("\r\n");
  out.append("Content-Type: ");
  out.append(replaced ? page->second.content_type : "text/html; charset=utf-8");
  out.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  out.append("\r\nCache-Control: no-store\r\n").append(extra_fields);
  if (status == 405) out.append("Allow: GET, HEAD, POST, OPTIONS\r\n");
  out.append(settings_->http->response_fields.lines);
  if (!exchange.keep_alive) out.append("Connection: close\r\n");
  if (exchange.keep_alive && exchange.minor_version == 0) out.append("Connection: keep-alive\r\n");
  out.append("\r\n");
  if (!exchange.to_head) out.append(body);
  const iovec part{out.data(), out.size()};
  const Outcome outcome = thread_.relay().Write(exchange.to_client, ChannelOf(kClient), &part, 1,
                                                /*last=*/!exchange.keep_alive);
  CountToClient(exchange.to_client.bytes);
  if (outcome == Outcome::kOutFailed) return End(Cause::kClient);
  if (outcome != Outcome::kDrained) return;
  FinishExchange();
  // What the client sent behind this request may have come already, and is read by nobody when the
  // answer was not given while reading.
  const bool open = phase_ != Phase::kEnded && !lingering_ && !Carries();
  if (!open || (!exchange_ && !readable_[kClient])) return;
  readable_[kClient] = true;
  thread_.reactor().Again(fds_[kClient].get(), *this, kClient);
}

void HttpSession::Redirect(std::string_view location) {
  const bool safe = exchange_->method == "GET" || exchange_->to_head;
  std::string field = "Location: ";
  field.append(location).append("\r\n");
  Answer(safe ? 302 : 307, field);
}

// RFC 9110 section 15.4: the same path and query, over https.
void HttpSession::AnswerRedirect() {
  const HttpRules& rules = *settings_->http;
  std::string host = rules.redirect_host;
  if (host.empty()) {
    const http::Field* field = thread_.http().request.fields.Find(http::FieldName::kHost);
    if (field != nullptr) host = field->value;
    const size_t colon = host.rfind(':');
    if (colon != std::string::npos && host.find(']', colon) == std::string::npos) {
      host.resize(colon);
    }
  }
  if (host.empty()) return Refuse({400, "no host to redirect to"});
  std::string_view target = exchange_->target;
  if (target[0] != '/') {
    const size_t scheme = target.find("://");
    const size_t path = scheme == std::string_view::npos ? scheme : target.find('/', scheme + 3);
    target = path == std::string_view::npos ? "/" : target.substr(path);
  }
  std::string location = "https://" + host + rules.redirect_port;
  Redirect(location.append(target));
}

void HttpSession::AnswerRoot() { Redirect(settings_->http->root_redirect); }

}  // namespace aloha::proxy
