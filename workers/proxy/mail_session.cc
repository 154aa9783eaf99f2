#include "workers/proxy/mail_session.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "workers/proxy/data_thread.h"

namespace aloha::proxy {
namespace {

using Next = mail::Dialogue::Next;
using Outcome = net::Relay::Outcome;
using worker::v1::MAIL_PROTOCOL_UNSPECIFIED;

// Reads per turn, before other sessions have theirs.
constexpr int kRounds = 16;

mail::Protocol ProtocolOf(worker::v1::MailProtocol protocol) {
  switch (protocol) {
    case worker::v1::MAIL_PROTOCOL_IMAP:
      return mail::Protocol::kImap;
    case worker::v1::MAIL_PROTOCOL_POP3:
      return mail::Protocol::kPop3;
    default:
      return mail::Protocol::kSmtp;
  }
}

// How this end of a connection is called where it has no name (RFC 5321 section 4.1.3).
std::string AddressLiteral(int socket) {
  sockaddr_storage local{};
  socklen_t length = sizeof local;
  getsockname(socket, reinterpret_cast<sockaddr*>(&local), &length);
  const net::Ip ip = net::Address::FromSockaddr(local).ip;
  return (net::IsIpv4(ip) ? "[" : "[IPv6:") + net::FormatIp(ip) + "]";
}

}  // namespace

void MailSession::OnConnected(uint32_t events) {
  const bool starttls = approach_->starttls != MAIL_PROTOCOL_UNSPECIFIED;
  if (starttls && !tls_[kServer]) return BeginWithServer();
  SendWithoutDelay();
  const std::string greeting = starttls ? talk_->with_server->greeting() : std::string();
  talk_.reset();
  const ListenerSettings& listener = settings_->listeners[listener_];
  if (listener.starttls != MAIL_PROTOCOL_UNSPECIFIED) return BeginDialogue(greeting);
  if (!greeting.empty() && !Say(kServer, greeting)) return;
  TcpSession::OnConnected(events);
}

void MailSession::BeginWithServer() {
  talk_ = std::make_unique<Talk>();
  talk_->with_server = std::make_unique<mail::SmtpStarttls>(AddressLiteral(fds_[kServer].get()));
  ArmTimerEarlier();
  HearServerBeforeTls();
}

void MailSession::HearServerBeforeTls() {
  using Start = mail::SmtpStarttls;
  char* const buffer = thread_.relay().buffer();
  for (;;) {
    const ssize_t got = recv(fds_[kServer].get(), buffer, net::Relay::kBufferBytes, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return LeaveServerBeforeTls("the server left before TLS");
    Start& start = *talk_->with_server;
    const Start::Step step = start.FromServer({buffer, static_cast<size_t>(got)});
    // Into the empty buffer of a new socket: it goes out whole or the connection is of no use.
    if (send(fds_[kServer].get(), step.to_server.data(), step.to_server.size(),
             MSG_NOSIGNAL | MSG_DONTWAIT) != static_cast<ssize_t>(step.to_server.size())) {
      return LeaveServerBeforeTls("the server left before TLS");
    }
    switch (step.next) {
      case Start::Next::kGoOn:
        continue;
      case Start::Next::kHandshake:
        return BeginTls(kServer);
      case Start::Next::kRefused:
        if (Say(kServer, start.greeting())) End(Cause::kServer);
        return;
      case Start::Next::kFailed:
        return LeaveServerBeforeTls(step.reason);
    }
  }
}

void MailSession::LeaveServerBeforeTls(std::string_view reason) {
  thread_.shared().log.Warning("server " + backend_->service->name() + "/" + server_->name + ": " +
                               std::string(reason));
  talk_.reset();
  OnConnectFailed(/*timeout=*/false, /*elsewhere=*/true);
}

void MailSession::BeginDialogue(const std::string& greeting) {
  const ListenerSettings& listener = settings_->listeners[listener_];
  talk_ = std::make_unique<Talk>();
  talk_->dialogue = mail::Dialogue::Make(ProtocolOf(listener.starttls), listener.starttls_required);
  if (!greeting.empty()) Follow(talk_->dialogue->FromServer(greeting));
  Converse();
}

void MailSession::OnTraffic(uint32_t events, Side from) {
  if (!talk_) return TcpSession::OnTraffic(events, from);
  if (SecuringServer()) return from == kServer ? HearServerBeforeTls() : OnClientEarly(events);
  if (IsReadable(events, from)) talk_->readable[from] = true;
  if (talk_->securing) return;
  since_ms_ = NowMs();
  // It had ended its stream; now it is gone altogether, which no read would show.
  if (flows_[from].ended && (events & (EPOLLHUP | EPOLLERR))) {
    return End(from == kClient ? Cause::kClient : Cause::kServer);
  }
  Converse();
}

// The server comes first: what it said before it went away is still worth hearing.
void MailSession::Converse() {
  for (int round = 0; phase_ == Phase::kEstablished && !talk_->securing && Flush(); ++round) {
    if (talk_->after.next != Next::kGoOn) return Proceed();
    const bool may_ask = talk_->dialogue->Room() > 0;
    if (round == kRounds) return thread_.reactor().Again(fds_[kServer].get(), *this, kServer);
    if (talk_->readable[kServer] && !flows_[kServer].ended) {
      Hear(kServer);
    } else if (talk_->readable[kClient] && may_ask && !talk_->client_ended) {
      Hear(kClient);
    } else {
      break;
    }
  }
  if (phase_ != Phase::kEstablished || talk_->securing) return;
  // Commands that wait for an answer come before the end.
  const bool all_said = flows_[kServer].ended || talk_->dialogue->HoldsNoCommand();
  if (talk_->client_ended && all_said && flows_[kClient].waiting == 0 && !flows_[kClient].ended) {
    OnFlowEnded(kClient);
  }
}

void MailSession::Hear(Side side) {
  net::Relay& relay = thread_.relay();
  const size_t room = side == kClient ? std::min(talk_->dialogue->Room(), net::Relay::kBufferBytes)
                                      : net::Relay::kBufferBytes;
  const auto [got, more] = relay.Receive(ChannelOf(side), relay.buffer(), room);
  if (got < 0) {
    if (errno == EINTR) return;
    if (errno != EAGAIN) return OnReadFailed(side);
    talk_->readable[side] = false;
    return;
  }
  talk_->readable[side] = more || ending_[side];
  const std::string_view bytes(relay.buffer(), static_cast<size_t>(got));
  if (side == kServer) {
    if (got == 0) return OnFlowEnded(kServer);
    Follow(talk_->dialogue->FromServer(bytes));
  } else if (got == 0) {
    talk_->client_ended = true;
    ArmTimerEarlier();
  } else if (!flows_[kServer].ended) {  // nobody listens any more otherwise
    Follow(talk_->dialogue->FromClient(bytes));
  }
}

void MailSession::Follow(mail::Dialogue::Step step) {
  if (Say(kServer, step.to_client) && Say(kClient, step.to_server)) talk_->after = std::move(step);
}

bool MailSession::Say(Side from, std::string_view bytes) {
  if (bytes.empty()) return true;
  net::Flow& flow = flows_[from];
  const uint64_t before = flow.bytes;
  const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  const Outcome outcome = thread_.relay().Write(flow, ChannelOf(Other(from)), &part, 1);
  CountMoved(from, flow.bytes - before);
  if (outcome != Outcome::kOutFailed) return true;
  End(from == kClient ? Cause::kServer : Cause::kClient);
  return false;
}

bool MailSession::Flush() {
  bool all = true;
  for (const Side from : {kClient, kServer}) {
    net::Flow& flow = flows_[from];
    const uint64_t before = flow.bytes;
    const Outcome outcome = thread_.relay().Flush(flow, ChannelOf(Other(from)));
    CountMoved(from, flow.bytes - before);
    if (outcome == Outcome::kOutFailed) {
      End(from == kClient ? Cause::kServer : Cause::kClient);
      return false;
    }
    all = all && outcome == Outcome::kDrained;
  }
  return all;
}

void MailSession::Proceed() {
  switch (talk_->after.next) {
    case Next::kGoOn:
      return;
    case Next::kHandshake:
      talk_->securing = true;
      since_ms_ = NowMs();
      BeginTls(kClient);
      return ArmTimerEarlier();
    case Next::kPipe:
      talk_.reset();
      Move(kClient);
      if (phase_ == Phase::kEstablished) Move(kServer);
      return;
    case Next::kEnd:
      return EndDialogue();
  }
}

void MailSession::EndDialogue() {
  const mail::Dialogue::Step& why = talk_->after;
  if (why.injected) service().CountInjected();
  const std::string who = why.server_to_blame
                              ? "server " + backend_->service->name() + "/" + server_->name
                              : "service " + service().name() + ", client " + client_.Text();
  thread_.shared().log.Write(
      why.injected || why.server_to_blame ? LogLevel::kWarning : LogLevel::kInfo,
      who + ": " + std::string(why.reason));
  End(why.server_to_blame ? Cause::kServer : Cause::kClient);
}

void MailSession::OnClientSecured(Result<> secured) {
  talk_->securing = false;
  if (!secured) {
    thread_.shared().log.Info("service " + service().name() + ", client " + client_.Text() + ": " +
                              secured.error().message);
    return End(Cause::kClient);
  }
  talk_->after = {};
  talk_->dialogue->OnTls();
  talk_->readable[kClient] = true;
  Converse();
}

void MailSession::OnServerGone(Cause cause) {
  if (SecuringServer()) return LeaveServerBeforeTls("the server takes no sessions any more");
  TcpSession::OnServerGone(cause);
}

uint64_t MailSession::IdleDeadlineMs() const {
  if (talk_ && (talk_->with_server || talk_->securing)) {
    return since_ms_ + backend_->connect_timeout_ms;
  }
  const uint64_t idle = TcpSession::IdleDeadlineMs();
  const bool half_closed = talk_ && talk_->client_ended;
  return half_closed ? std::min(idle, since_ms_ + kHalfClosedTimeoutMs) : idle;
}

void MailSession::OnIdle() {
  if (talk_ && talk_->securing) return End(Cause::kClientTimeout);
  if (!SecuringServer()) return TcpSession::OnIdle();
  talk_.reset();
  OnConnectFailed(/*timeout=*/true, /*elsewhere=*/true);
}

}  // namespace aloha::proxy
