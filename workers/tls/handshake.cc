#include "workers/tls/handshake.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "workers/net/proxy_protocol.h"
#include "workers/net/tls_records.h"
#include "workers/tls/handshake_thread.h"

namespace aloha::tls {
namespace {

constexpr size_t kMaxServerName = 255;

bool WouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

Handshake::Handshake(HandshakeThread& thread, HandshakeTask task)
    : thread_(thread), task_(std::move(task)), client_(task_.peer) {}

Handshake::~Handshake() = default;

void Handshake::Start() {
  thread_.reactor().timers().Arm(*this, thread_.reactor().NowMs() + task_.timeout_ms);
  if (task_.server) {
    if (!BeginAsClient()) return;
  } else if (task_.listener->accept_proxy && task_.request_id == 0) {
    step_ = Step::kHeader;
  } else if (!BeginTls(task_.peer)) {
    return;
  }
  // Reports at once what holds already.
  auto watched = thread_.reactor().Watch(task_.socket.get(), *this, 0);
  if (!watched) Fail(Failure::kOther, watched.error().message);
}

void Handshake::OnEvents(uint32_t events, unsigned) {
  if (step_ == Step::kEnded) return;
  if (events & (EPOLLERR | EPOLLHUP)) {
    return FailClosed("the connection was closed");
  }
  Advance();
}

void Handshake::OnTimer() {
  if (signing_) return Fail(Failure::kNoSignature, "aloha-keys did not answer in time");
  Fail(Failure::kTimeout, fmt::format("not done in {} ms", task_.timeout_ms));
}

void Handshake::OnKeyReady() {
  signing_ = false;
  if (RunTls()) Advance();
}

void Handshake::Advance() {
  while (step_ != Step::kEnded && !signing_) {
    if (!Send()) return;
    if (step_ == Step::kFlush) return HandOver();
    if (!Receive()) return;
    if (step_ == Step::kHeader && !ReadHeader()) continue;
    if (!RunTls()) return;
  }
}

bool Handshake::Send() {
  if (!tls_) return true;
  std::string& out = tls_->out;
  while (!out.empty()) {
    const ssize_t sent =
        send(task_.socket.get(), out.data(), out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      out.erase(0, static_cast<size_t>(sent));
    } else if (errno != EINTR) {
      if (!WouldBlock(errno)) FailClosed(std::strerror(errno));
      return false;
    }
  }
  return true;
}

bool Handshake::Receive() {
  std::string& in = tls_ ? tls_->in : header_;
  const std::span<char> room = thread_.scratch();
  ssize_t got = 0;
  do {
    got = recv(task_.socket.get(), room.data(), room.size() - in.size(), MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    if (first_byte_us_ == 0) first_byte_us_ = net::MonotonicUs();
    in.append(room.data(), static_cast<size_t>(got));
    return true;
  }
  if (got == 0) {
    FailClosed("the other side ended the connection");
  } else if (!WouldBlock(errno)) {
    FailClosed(std::strerror(errno));
  }
  return false;
}

bool Handshake::ReadHeader() {
  const net::ProxyHeader header = net::ParseProxyHeader(header_);
  switch (header.kind) {
    case net::ProxyHeader::Kind::kIncomplete:
      return false;
    case net::ProxyHeader::Kind::kInvalid:
      Fail(Failure::kProtocolError, "no PROXY protocol header");
      return false;
    case net::ProxyHeader::Kind::kLocal:
      break;
    case net::ProxyHeader::Kind::kAddresses:
      client_ = header.source;
  }
  if (!BeginTls(client_)) return false;
  tls_->in = header_.substr(header.length);
  header_.resize(header.length);
  return true;
}

bool Handshake::BeginTls(const net::Address& client) {
  const ListenerSettings& listener = *task_.listener;
  step_ = Step::kTls;
  if (task_.request_id == 0) {  // of others the proxy knows the client
    if (!listener.allow_from.empty() && !listener.allow_from.Contains(client.ip)) {
      Fail(Failure::kDenied, "not among the networks that are served");
      return false;
    }
    if (!task_.place.SetClient(client.ip)) {
      Fail(Failure::kTooMany, "too many handshakes of this client");
      return false;
    }
  }
  tls_ = Endpoint::Create(listener.context.get(), Endpoint::Side::kServer, thread_.keys(), *this);
  if (!tls_) Fail(Failure::kOther, "out of memory");
  return tls_ != nullptr;
}

bool Handshake::BeginAsClient() {
  first_byte_us_ = net::MonotonicUs();
  const ServerSettings& server = *task_.server;
  tls_ = Endpoint::Create(server.context.get(), Endpoint::Side::kClient, thread_.keys(), *this);
  if (!tls_ || !AimAt(tls_->ssl(), server, task_.peer)) {
    Fail(Failure::kOther, "out of memory");
    return false;
  }
  return RunTls();
}

bool Handshake::RunTls() {
  switch (tls_->Run()) {
    case Endpoint::State::kReading:
      return true;
    case Endpoint::State::kSigning:
      signing_ = true;
      return false;
    case Endpoint::State::kDone:
      step_ = Step::kFlush;
      return true;
    case Endpoint::State::kFailed:
      break;
  }
  Fail(tls_->failure(), tls_->reason());
  return false;
}

void Handshake::FillFacts(handoff::v1::Connection& connection) const {
  connection.set_request_id(task_.request_id);
  if (task_.listener) {
    auto& listener = *connection.mutable_listener();
    listener.set_address(net::FormatIp(task_.listener->address.ip));
    listener.set_port(task_.listener->address.port);
  }
  connection.set_partial_record(tls_->in);
  if (task_.request_id == 0) connection.set_proxy_header(header_);
  auto& facts = *connection.mutable_facts();
  const char* name =
      task_.listener ? SSL_get_servername(tls_->ssl(), TLSEXT_NAMETYPE_host_name) : nullptr;
  if (name != nullptr) facts.set_server_name(EscapeForLog(name).substr(0, kMaxServerName));
  const int64_t duration_us = net::MonotonicUs() - first_byte_us_;
  facts.set_handshake_us(static_cast<uint32_t>(std::min<int64_t>(duration_us, UINT32_MAX)));
}

void Handshake::HandOver() {
  handoff::v1::FromTls message;
  auto& connection = *message.mutable_connection();
  if (auto exported = tls_->Export(connection); !exported) {
    return Fail(Failure::kOther, exported.error().message);
  }
  FillFacts(connection);
  const auto& keys = connection.keys();
  const auto& facts = connection.facts();
  const auto version = static_cast<uint16_t>(keys.version());
  const auto cipher = static_cast<uint16_t>(keys.cipher());
  stats().CountSuccess(thread_.index(), version, cipher, facts.resumed(), facts.handshake_us());
  thread_.log().Debug(fmt::format("{}: {} {}{}, server name \"{}\", {} us", Subject(),
                                  net::TlsVersionName(version), net::TlsCipherName(cipher),
                                  facts.resumed() ? ", resumed" : "", facts.server_name(),
                                  facts.handshake_us()));
  if (task_.server) KeepSession();
  tls_.reset();
  ProxyLink::Parcel parcel(message, End(), std::move(task_.place));
  parcel.peer_id = task_.proxy_id;
  parcel.lost = [stats = task_.listener ? task_.listener->stats : task_.server->stats,
                 thread = thread_.index()] { stats->CountFailure(thread, Failure::kNoProxy); };
  thread_.proxy().Send(std::move(parcel));
  thread_.Bury(*this);
}

void Handshake::KeepSession() {
  const bool reused = SSL_session_reused(tls_->ssl());
  if (!reused) task_.server->sessions->Forget(task_.peer);
  if (SSL_version(tls_->ssl()) < TLS1_3_VERSION) {
    task_.server->sessions->Put(task_.peer,
                                bssl::UniquePtr<SSL_SESSION>(SSL_get1_session(tls_->ssl())));
  } else if (!task_.server->sessions->IsFresh(task_.peer)) {
    thread_.AwaitTicket({task_.proxy_id, task_.request_id}, tls_->TakeSsl(), task_.server->sessions,
                        task_.peer);
  }
}

std::string Handshake::Subject() const {
  if (task_.server) return "server " + task_.peer.Text() + " (" + task_.server->name + ")";
  return "client " + client_.Text() + " on " + task_.listener->address.Text();
}

HandshakeStats& Handshake::stats() const {
  return task_.listener ? *task_.listener->stats : *task_.server->stats;
}

void Handshake::FailClosed(const std::string& reason) {
  Fail(task_.server ? Failure::kServerClosed : Failure::kClientClosed, reason);
}

// As far as it goes.
void Handshake::SendAlert() {
  (void)send(task_.socket.get(), tls_->out.data(), tls_->out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  // Bytes left unread would have the kernel send a reset that overtakes it.
  shutdown(task_.socket.get(), SHUT_WR);
  (void)recv(task_.socket.get(), thread_.scratch().data(), thread_.scratch().size(), MSG_DONTWAIT);
}

// `reason` is a copy: what it came from may go here.
void Handshake::Fail(Failure failure, std::string reason) {
  if (step_ == Step::kEnded) return;
  stats().CountFailure(thread_.index(), failure);
  thread_.LogFailure(Subject() + ": " + FailureWord(failure) + ": " + reason);
  if (tls_ && !tls_->out.empty()) SendAlert();
  tls_.reset();
  (void)End();
  if (task_.request_id != 0) SayFailed(reason, failure == Failure::kUntrusted);
  thread_.Bury(*this);
}

void Handshake::SayFailed(const std::string& reason, bool untrusted) {
  handoff::v1::FromTls message;
  message.mutable_failed()->set_request_id(task_.request_id);
  message.mutable_failed()->set_reason(EscapeForLog(reason));
  message.mutable_failed()->set_untrusted(untrusted);
  ProxyLink::Parcel parcel(message, UniqueFd(), std::move(task_.place));
  parcel.peer_id = task_.proxy_id;
  thread_.proxy().Send(std::move(parcel));
}

UniqueFd Handshake::End() {
  step_ = Step::kEnded;
  thread_.reactor().timers().Disarm(*this);
  // Closing would not end the watch: the proxy has the same socket.
  thread_.reactor().Unwatch(task_.socket.get());
  return std::move(task_.socket);
}

}  // namespace aloha::tls
