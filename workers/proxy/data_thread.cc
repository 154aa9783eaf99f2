#include "workers/proxy/data_thread.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "workers/proxy/http_session.h"
#include "workers/proxy/mail_session.h"
#include "workers/proxy/tcp_session.h"

namespace aloha::proxy {
namespace {

constexpr uint64_t kAcceptPauseMs = 100;

}  // namespace

// One listener, as this thread polls it.
class DataThread::Acceptor final : public net::Acceptor {
 public:
  Acceptor(DataThread& thread, std::shared_ptr<const net::ListeningSocket> socket)
      : net::Acceptor(thread.reactor(), std::move(socket)), thread_(thread) {}

  ListenerUse use() const { return {settings_, listener_}; }
  void Serve(std::shared_ptr<const ServiceSettings> settings, uint16_t listener) {
    settings_ = std::move(settings);
    listener_ = listener;
  }

 private:
  void OnAccepted(UniqueFd socket, const net::Address& peer) override {
    thread_.Accept(std::move(socket), peer, settings_, listener_);
  }
  void OnShortage(int error) override { thread_.PauseAccepting(error); }

  DataThread& thread_;
  std::shared_ptr<const ServiceSettings> settings_;
  uint16_t listener_ = 0;
};

class DataThread::AcceptPause final : public net::Timer {
 public:
  explicit AcceptPause(DataThread& thread) : thread_(thread) {}
  void OnTimer() override { thread_.ResumeAccepting(); }
  bool told = false;

 private:
  DataThread& thread_;
};

Result<std::unique_ptr<DataThread>> DataThread::Start(uint32_t index, Shared& shared) {
  auto reactor = net::Reactor::Create();
  if (!reactor) return tl::make_unexpected(reactor.error());
  return std::unique_ptr<DataThread>(new DataThread(index, shared, std::move(*reactor)));
}

DataThread::DataThread(uint32_t index, Shared& shared, std::unique_ptr<net::Reactor> reactor)
    : index_(index),
      shared_(shared),
      reactor_(std::move(reactor)),
      relay_(shared.kernel_tls),
      last_request_(uint64_t{index} << kThreadShift),
      pause_(new AcceptPause(*this)),
      last_id_(uint64_t{index} << kThreadShift | static_cast<uint64_t>(getpid()) << kProcessShift) {
  reactor_->AfterBatch([this] { FreeDead(); });
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), ("data-" + std::to_string(index_)).c_str());
    reactor_->Run();
  });
}

DataThread::~DataThread() {
  Post([](DataThread& thread) {
    thread.StopListening();
    thread.tls_.clear();
    thread.ForEachSession([](Session& session) { session.End(Cause::kKilled); });
    thread.reactor().timers().Disarm(*thread.pause_);
  });
  reactor_->Stop();
  thread_.join();
}

void DataThread::Post(std::function<void(DataThread&)> task) {
  reactor_->Post([this, task = std::move(task)] { task(*this); });
}

void DataThread::Use(const RunningConfig& config) {
  access_log_ = config.access_log;
  ++generation_;
  std::vector<std::unique_ptr<Acceptor>> acceptors;
  for (const OpenListener& listener : config.listeners) {
    const auto known = std::find_if(acceptors_.begin(), acceptors_.end(), [&](const auto& one) {
      return one && one->socket() == listener.socket.get();
    });
    acceptors.push_back(known != acceptors_.end()
                            ? std::move(*known)
                            : std::make_unique<Acceptor>(*this, listener.socket));
    acceptors.back()->Serve(listener.settings, listener.index);
  }
  acceptors_ = std::move(acceptors);
  tls_listeners_ = config.tls_listeners;
  draining_ = false;
  ResumeAccepting();
}

// Clients that aloha-tls hands over meanwhile are still served: their handshake is done.
void DataThread::StopListening() {
  acceptors_.clear();
  draining_ = true;
  ++generation_;
  ForEachSession([](Session& session) { session.Drain(); });
}

DataThread::ListenerUse DataThread::FindListener(const net::Address& address) const {
  for (const auto& acceptor : acceptors_) {
    if (acceptor->socket()->address == address) return acceptor->use();
  }
  for (const TlsListener& listener : tls_listeners_) {
    if (listener.address == address) return {listener.settings, listener.index};
  }
  return {};
}

HttpScratch& DataThread::http() {
  if (!http_) http_ = std::make_unique<HttpScratch>();
  return *http_;
}

void DataThread::ResumeAccepting() {
  for (const auto& acceptor : acceptors_) {
    const auto resumed = acceptor->Resume();
    if (resumed) continue;
    shared_.log.Error("listener " + acceptor->socket()->address.Text() + ": " +
                      resumed.error().message);
  }
}

void DataThread::PauseAccepting(int error) {
  for (const auto& acceptor : acceptors_) acceptor->Pause();
  reactor_->timers().Arm(*pause_, reactor_->NowMs() + kAcceptPauseMs);
  if (std::exchange(pause_->told, true)) return;
  shared_.log.Error(std::string("accepting pauses: ") + std::strerror(error) +
                    "; raise the limit of open files (LimitNOFILE)");
}

Session* DataThread::MakeSession(UniqueFd socket, const net::Address& peer,
                                 const std::shared_ptr<const ServiceSettings>& settings,
                                 uint16_t listener) {
  const uint64_t id = ++last_id_;
  if (settings->http) {
    return new HttpSession(*this, id, std::move(socket), peer, settings, listener);
  }
  if (settings->starttls_servers ||
      settings->listeners[listener].starttls != worker::v1::MAIL_PROTOCOL_UNSPECIFIED) {
    return new MailSession(*this, id, std::move(socket), peer, settings, listener);
  }
  return new TcpSession(*this, id, std::move(socket), peer, settings, listener);
}

Session* DataThread::Admit(UniqueFd socket, const net::Address& peer,
                           const std::shared_ptr<const ServiceSettings>& settings,
                           uint16_t listener) {
  const bool announced = settings->listeners[listener].accept_proxy;
  const bool allowed =
      announced || settings->allow_from.empty() || settings->allow_from.Contains(peer.ip);
  if (!allowed || shared_.sessions.load(std::memory_order_relaxed) >= shared_.max_sessions) {
    settings->service->CountDenied();
    return nullptr;
  }
  Session* const session = MakeSession(std::move(socket), peer, settings, listener);
  session->next = sessions_;
  if (sessions_ != nullptr) sessions_->previous = session;
  sessions_ = session;
  shared_.sessions.fetch_add(1, std::memory_order_relaxed);
  return session;
}

void DataThread::Accept(UniqueFd socket, const net::Address& peer,
                        const std::shared_ptr<const ServiceSettings>& settings, uint16_t listener) {
  Session* const session = Admit(std::move(socket), peer, settings, listener);
  if (session != nullptr) session->Start();
}

void DataThread::Bury(Session& session) {
  if (session.next != nullptr) session.next->previous = session.previous;
  (session.previous != nullptr ? session.previous->next : sessions_) = session.next;
  shared_.sessions.fetch_sub(1, std::memory_order_relaxed);
  graveyard_.emplace_back(&session);
}

void DataThread::ForEachSession(const std::function<void(Session&)>& visit) {
  for (Session* session = sessions_; session != nullptr;) {
    Session* const following = session->next;
    visit(*session);
    session = following;
  }
}

}  // namespace aloha::proxy
