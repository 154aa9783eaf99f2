// What comes to a data thread by aloha-tls.
#include <sys/epoll.h>

#include <utility>

#include "workers/proxy/data_thread.h"

namespace aloha::proxy {
namespace {

// Connections taken per event; the other threads read from the same link.
constexpr int kArrivalBatch = 4;

}  // namespace

class DataThread::TlsReceiver final : public net::EventHandler {
 public:
  TlsReceiver(DataThread& thread, std::shared_ptr<const TlsLink> link)
      : thread_(thread), link_(std::move(link)) {}
  ~TlsReceiver() override { thread_.reactor().Unwatch(link_->fd()); }

  const TlsLink& link() const { return *link_; }
  Result<> Watch() { return thread_.reactor().WatchListener(link_->fd(), *this); }

  void OnEvents(uint32_t, unsigned) override {
    for (int i = 0; i < kArrivalBatch; ++i) {
      Result<TlsLink::Arrival> arrival = link_->Receive();
      if (arrival) {
        thread_.OnTlsArrival(std::move(*arrival));
      } else if (arrival.error().code == Code::kUnavailable) {
        return thread_.LoseTls();
      } else if (arrival.error().code == Code::kResourceExhausted) {
        return;
      }
    }
  }

 private:
  DataThread& thread_;
  const std::shared_ptr<const TlsLink> link_;
};

void DataThread::FreeDead() {
  graveyard_.clear();
  lost_tls_.clear();
}

void DataThread::UseTlsLink(const std::shared_ptr<const TlsLink>& link) {
  LoseTls();
  tls_ = std::make_shared<TlsReceiver>(*this, link);
  if (auto watched = tls_->Watch(); !watched) {
    shared_.log.Error("channel to aloha-tls: " + watched.error().message);
    tls_.reset();
  }
}

// What was asked for by it comes no more.
void DataThread::LoseTls() {
  if (tls_) lost_tls_.push_back(std::move(tls_));
  while (!securing_.empty()) {
    Session& session = *securing_.begin()->second;
    securing_.erase(securing_.begin());
    session.OnTls(Fail(Code::kUnavailable, "aloha-tls ended during the handshake"));
  }
}

uint64_t DataThread::AskForTls(Session& session, handoff::v1::Handshake handshake, int socket) {
  if (!tls_) return 0;
  handshake.set_request_id(++last_request_);
  handoff::v1::ToTls message;
  *message.mutable_handshake() = std::move(handshake);
  if (!tls_->link().Send(message, socket)) return 0;
  securing_.emplace(last_request_, &session);
  return last_request_;
}

void DataThread::ReturnTicket(uint64_t request, std::string message) {
  if (!tls_) return;
  handoff::v1::ToTls to_tls;
  to_tls.mutable_ticket()->set_request_id(request);
  to_tls.mutable_ticket()->set_message(std::move(message));
  (void)tls_->link().Send(to_tls, -1);  // lost: the next session is not resumed
}

void DataThread::OnTlsArrival(TlsLink::Arrival arrival) {
  const handoff::v1::FromTls& message = arrival.message;
  const uint64_t request =
      message.has_failed() ? message.failed().request_id() : message.connection().request_id();
  if (request == 0) return AcceptSecured(std::move(arrival));
  const uint64_t owner = request >> kThreadShift;
  if (owner == index_) return AnswerTls(std::move(arrival));
  if (owner >= shared_.threads.size()) return;
  auto shared = std::make_shared<TlsLink::Arrival>(std::move(arrival));
  shared_.threads[owner]->Post(
      [shared](DataThread& there) { there.AnswerTls(std::move(*shared)); });
}

void DataThread::AnswerTls(TlsLink::Arrival arrival) {
  const handoff::v1::FromTls& message = arrival.message;
  const bool failed = message.has_failed();
  const auto waiting =
      securing_.find(failed ? message.failed().request_id() : message.connection().request_id());
  if (waiting == securing_.end()) return;
  Session& session = *waiting->second;
  securing_.erase(waiting);
  if (failed) {
    const Code code = message.failed().untrusted() ? Code::kFailedPrecondition : Code::kUnavailable;
    return session.OnTls(Fail(code, EscapeForLog(message.failed().reason())));
  }
  session.OnTls(TakeHandover(std::move(arrival), tls_contexts_));
}

// The listener must be one whose clients come this way, and the socket one of its port.
void DataThread::AcceptSecured(TlsLink::Arrival arrival) {
  const handoff::v1::ListenerName name = arrival.message.connection().listener();
  const std::string proxy_header = arrival.message.connection().proxy_header();
  const auto address = net::Address::Parse(name.address(), name.port());
  const ListenerUse use = address ? FindListener(*address) : ListenerUse();
  if (!use.settings || !use.settings->listeners[use.index].tls) {
    return shared_.log.Debug("aloha-tls handed over a connection of no listener");
  }
  Result<Handover> handover = TakeHandover(std::move(arrival), tls_contexts_);
  if (!handover || handover->local.port != address->port) {
    return shared_.log.Warning("from aloha-tls: " + (handover ? "the socket is of another port"
                                                              : handover.error().message));
  }
  Session* const session =
      Admit(std::move(handover->socket), handover->peer, use.settings, use.index);
  if (session != nullptr) session->Start(std::move(handover->tls), proxy_header);
}

}  // namespace aloha::proxy
