#include "workers/tls/handshake_thread.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace aloha::tls {
namespace {

constexpr uint64_t kAcceptPauseMs = 100;
constexpr uint32_t kMaxLinesPerSecond = 20;

// The other end of a connected TCP socket; an error for anything else.
Result<net::Address> PeerOf(int fd) {
  int protocol = 0;
  socklen_t length = sizeof protocol;
  sockaddr_storage peer;
  socklen_t peer_length = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) != 0 || protocol != IPPROTO_TCP ||
      getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_length) != 0) {
    return Fail(Code::kInvalidArgument, "what was passed is not a connected TCP socket");
  }
  return net::Address::FromSockaddr(peer);
}

}  // namespace

// One listener, as this thread polls it.
class HandshakeThread::ListenerAcceptor final : public net::Acceptor {
 public:
  ListenerAcceptor(HandshakeThread& thread, std::shared_ptr<const ListenerSettings> settings)
      : Acceptor(thread.reactor(), settings->socket),
        thread_(thread),
        settings_(std::move(settings)) {}

  void Serve(std::shared_ptr<const ListenerSettings> settings) { settings_ = std::move(settings); }

 private:
  void OnAccepted(UniqueFd socket, const net::Address& peer) override {
    thread_.Accept(std::move(socket), peer, settings_);
  }
  void OnShortage(int error) override { thread_.PauseAccepting(error); }

  HandshakeThread& thread_;
  std::shared_ptr<const ListenerSettings> settings_;
};

Result<std::unique_ptr<HandshakeThread>> HandshakeThread::Start(uint32_t index, Shared& shared) {
  auto reactor = net::Reactor::Create();
  if (!reactor) return tl::make_unexpected(reactor.error());
  return std::unique_ptr<HandshakeThread>(new HandshakeThread(index, shared, std::move(*reactor)));
}

HandshakeThread::HandshakeThread(uint32_t index, Shared& shared,
                                 std::unique_ptr<net::Reactor> reactor)
    : index_(index),
      shared_(shared),
      reactor_(std::move(reactor)),
      keys_(index, *reactor_, shared.log,
            [this](uint32_t thread, SignResponseList responses) {
              if (thread >= shared_.threads.size()) return;
              shared_.threads[thread]->Post(
                  [responses = std::move(responses)](HandshakeThread& there) {
                    there.keys_.Take(responses);
                  });
            }),
      proxy_(*reactor_, shared.log, shared.waiting_for_proxy, *this),
      scratch_(kMaxInput),
      pause_([this] {
        paused_ = false;
        UpdateAccepting();
      }),
      ticket_expiry_([this] { ExpireTickets(); }) {
  reactor_->AfterBatch([this] {
    graveyard_.clear();
    proxy_.FreeLost();
    keys_.Flush();
  });
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), ("tls-" + std::to_string(index_)).c_str());
    reactor_->Run();
  });
}

HandshakeThread::~HandshakeThread() {
  acceptors_.clear();
  Cut();
  reactor_->timers().Disarm(pause_);
  reactor_->timers().Disarm(ticket_expiry_);
}

void HandshakeThread::Post(std::function<void(HandshakeThread&)> task) {
  reactor_->Post([this, task = std::move(task)] { task(*this); });
}

void HandshakeThread::Use(std::shared_ptr<const RunningConfig> config) {
  config_ = std::move(config);
  std::vector<std::unique_ptr<ListenerAcceptor>> acceptors;
  for (const auto& listener : config_->listeners) {
    if (!listener->socket) continue;
    const auto known = std::find_if(acceptors_.begin(), acceptors_.end(), [&](const auto& one) {
      return one && one->socket() == listener->socket.get();
    });
    acceptors.push_back(known != acceptors_.end()
                            ? std::move(*known)
                            : std::make_unique<ListenerAcceptor>(*this, listener));
    acceptors.back()->Serve(listener);
  }
  acceptors_ = std::move(acceptors);
  UpdateAccepting();
}

void HandshakeThread::StopListening() { acceptors_.clear(); }

void HandshakeThread::UpdateAccepting() {
  for (const auto& acceptor : acceptors_) {
    if (paused_ || proxy_.blocked()) {
      acceptor->Pause();
    } else if (auto resumed = acceptor->Resume(); !resumed) {
      log().Error("listener " + acceptor->socket()->address.Text() + ": " +
                  resumed.error().message);
    }
  }
}

void HandshakeThread::OnBlocked(bool) { UpdateAccepting(); }

void HandshakeThread::PauseAccepting(int error) {
  paused_ = true;
  UpdateAccepting();
  reactor_->timers().Arm(pause_, reactor_->NowMs() + kAcceptPauseMs);
  if (std::exchange(told_of_pause_, true)) return;
  log().Error(std::string("accepting pauses: ") + std::strerror(error) +
              "; raise the limit of open files (LimitNOFILE)");
}

void HandshakeThread::Accept(UniqueFd socket, const net::Address& peer,
                             const std::shared_ptr<const ListenerSettings>& listener) {
  HandshakeTask task;
  task.place = shared_.bounds.Take();
  if (!task.place) {
    listener->stats->CountFailure(index_, Failure::kTooMany);
    return LogFailure("client " + peer.Text() + " on " + listener->address.Text() +
                      ": too_many: too many handshakes in progress");
  }
  task.socket = std::move(socket);
  task.peer = peer;
  task.listener = listener;
  task.timeout_ms = config_->handshake_timeout_ms;
  Begin(std::move(task));
}

void HandshakeThread::Begin(HandshakeTask task) {
  auto* const handshake = new Handshake(*this, std::move(task));
  handshake->next = handshakes_;
  if (handshakes_ != nullptr) handshakes_->previous = handshake;
  handshakes_ = handshake;
  handshake->Start();
}

void HandshakeThread::OnProxyRequest(uint64_t peer_id, handoff::v1::ToTls& request,
                                     UniqueFd socket) {
  if (request.has_handshake()) BeginForProxy(peer_id, request.handshake(), std::move(socket));
  if (request.has_ticket()) {
    shared_.tickets.OnTicket({peer_id, request.ticket().request_id()}, request.ticket().message());
  }
}

bool HandshakeThread::FindSettings(const handoff::v1::Handshake& request,
                                   HandshakeTask& task) const {
  if (!config_) return false;
  const auto address = net::Address::Parse(request.accept().address(), request.accept().port());
  for (const auto& listener : config_->listeners) {
    if (request.has_accept() && address && listener->address == *address) task.listener = listener;
  }
  for (const auto& server : config_->servers) {
    if (!request.has_accept() && server->name == request.connect()) task.server = server;
  }
  return task.listener || task.server;
}

void HandshakeThread::BeginForProxy(uint64_t peer_id, const handoff::v1::Handshake& request,
                                    UniqueFd socket) {
  const auto refuse = [&](const std::string& reason) {
    handoff::v1::FromTls message;
    message.mutable_failed()->set_request_id(request.request_id());
    message.mutable_failed()->set_reason(reason);
    ProxyLink::Parcel parcel(message, UniqueFd(), {});
    parcel.peer_id = peer_id;
    proxy_.Send(std::move(parcel));
  };
  HandshakeTask task;
  const auto peer = PeerOf(socket.get());
  if (!peer) return refuse(peer.error().message);
  if (request.request_id() == 0) return log().Warning("aloha-proxy sent a request without number");
  if (!FindSettings(request, task)) return refuse("no TLS settings of that name");
  task.place = shared_.bounds.Take();
  if (!task.place) {
    HandshakeStats& stats = task.listener ? *task.listener->stats : *task.server->stats;
    stats.CountFailure(index_, Failure::kTooMany);
    return refuse("too many handshakes in progress");
  }
  task.socket = std::move(socket);
  task.peer = *peer;
  task.timeout_ms =
      request.timeout_ms() == 0 ? config_->handshake_timeout_ms : request.timeout_ms();
  task.proxy_id = peer_id;
  task.request_id = request.request_id();
  Begin(std::move(task));
}

void HandshakeThread::AwaitTicket(const TicketWaiters::Key& key, bssl::UniquePtr<SSL> ssl,
                                  std::shared_ptr<ServerSessions> sessions,
                                  const net::Address& server) {
  shared_.tickets.Add(key, std::move(ssl), std::move(sessions), server, reactor_->NowMs());
  reactor_->timers().Arm(ticket_expiry_, reactor_->NowMs() + TicketWaiters::kWaitMs);
}

// Those of other threads too.
void HandshakeThread::ExpireTickets() {
  if (!shared_.tickets.Expire(reactor_->NowMs())) return;
  reactor_->timers().Arm(ticket_expiry_, reactor_->NowMs() + TicketWaiters::kWaitMs);
}

uint32_t HandshakeThread::Cut() {
  uint32_t cut = 0;
  while (handshakes_ != nullptr) {
    handshakes_->Fail(Failure::kOther, "aloha-tls ends");
    ++cut;
  }
  proxy_.Clear();
  return cut;
}

void HandshakeThread::Bury(Handshake& handshake) {
  if (handshake.next != nullptr) handshake.next->previous = handshake.previous;
  (handshake.previous != nullptr ? handshake.previous->next : handshakes_) = handshake.next;
  graveyard_.emplace_back(&handshake);
}

void HandshakeThread::LogFailure(const std::string& line) {
  const uint64_t second = reactor_->NowMs() / 1000;
  if (second != log_second_) {
    if (unlogged_ > 0) log().Info(fmt::format("{} more handshakes failed", unlogged_));
    log_second_ = second;
    logged_ = unlogged_ = 0;
  }
  if (logged_ == kMaxLinesPerSecond) {
    ++unlogged_;
  } else {
    ++logged_;
    log().Info("handshake failed: " + line);
  }
}

}  // namespace aloha::tls
