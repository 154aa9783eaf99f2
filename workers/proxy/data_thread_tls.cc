// What comes to a data thread by aloha-tls.
#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "workers/proxy/data_thread.h"

namespace aloha::proxy {
namespace {

// Connections taken per event; the other threads read from the same link.
constexpr int kArrivalBatch = 4;

// A task must be copyable; an arrival is not.
void PostArrival(DataThread& thread, void (DataThread::*take)(TlsLink::Arrival),
                 TlsLink::Arrival arrival) {
  auto shared = std::make_shared<TlsLink::Arrival>(std::move(arrival));
  thread.Post([shared, take](DataThread& there) { (there.*take)(std::move(*shared)); });
}

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
        return thread_.LoseTls(*this);
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

// The process before this one still answers what it was asked, until it ends.
void DataThread::UseTlsLink(const std::shared_ptr<const TlsLink>& link) {
  auto receiver = std::make_shared<TlsReceiver>(*this, link);
  if (auto watched = receiver->Watch(); !watched) {
    return shared_.log.Error("channel to aloha-tls: " + watched.error().message);
  }
  tls_.push_back(std::move(receiver));
  AskHeld();
}

// What this one was asked for comes no more.
void DataThread::LoseTls(const TlsReceiver& receiver) {
  const auto lost = std::find_if(tls_.begin(), tls_.end(),
                                 [&](const auto& known) { return known.get() == &receiver; });
  lost_tls_.push_back(std::move(*lost));
  tls_.erase(lost);
  std::vector<uint64_t> failed;
  for (const auto& [request, securing] : securing_) {
    if (securing.asked == &receiver) failed.push_back(request);
  }
  for (const uint64_t request : failed) {
    const auto securing = securing_.extract(request);
    if (!securing) continue;  // ended by what became of another
    securing.mapped().session->OnTls(
        Fail(Code::kUnavailable, "aloha-tls ended during the handshake"));
  }
}

uint64_t DataThread::AskForTls(Session& session, handoff::v1::Handshake handshake,
                               UniqueFd socket) {
  handshake.set_request_id(++last_request_);
  Securing& securing = securing_[last_request_];
  securing.session = &session;
  *securing.message.mutable_handshake() = std::move(handshake);
  securing.socket = std::move(socket);
  Ask(securing);
  return last_request_;
}

// Held back while aloha-tls is not there or has no room.
void DataThread::Ask(Securing& securing) {
  if (tls_.empty() || !securing.socket) return;
  if (!tls_.back()->link().Send(securing.message, securing.socket.get())) return;
  securing.asked = tls_.back().get();
  securing.socket.reset();
}

void DataThread::AskHeld() {
  for (auto& [request, securing] : securing_) Ask(securing);
}

void DataThread::ReturnTicket(uint64_t request, std::string message) {
  if (tls_.empty()) return;
  handoff::v1::ToTls to_tls;
  to_tls.mutable_ticket()->set_request_id(request);
  to_tls.mutable_ticket()->set_message(std::move(message));
  (void)tls_.back()->link().Send(to_tls, -1);  // lost: the next session is not resumed
}

void DataThread::OnTlsArrival(TlsLink::Arrival arrival) {
  const handoff::v1::FromTls& message = arrival.message;
  const uint64_t request =
      message.has_failed() ? message.failed().request_id() : message.connection().request_id();
  const uint64_t owner = request >> kThreadShift;
  if (request == 0) {
    if (FindListener(message.connection().listener()).settings) {
      return AcceptSecured(std::move(arrival));
    }
    // The configuration that has the listener may be on its way to this thread.
    PostArrival(*this, &DataThread::AcceptSecured, std::move(arrival));
  } else if (owner == index_) {
    AnswerTls(std::move(arrival));
  } else if (owner < shared_.threads.size()) {
    PostArrival(*shared_.threads[owner], &DataThread::AnswerTls, std::move(arrival));
  }
}

DataThread::ListenerUse DataThread::FindListener(const handoff::v1::ListenerName& name) const {
  const auto address = net::Address::Parse(name.address(), name.port());
  return address ? FindListener(*address) : ListenerUse();
}

void DataThread::AnswerTls(TlsLink::Arrival arrival) {
  const handoff::v1::FromTls& message = arrival.message;
  const bool failed = message.has_failed();
  const auto securing =
      securing_.extract(failed ? message.failed().request_id() : message.connection().request_id());
  AskHeld();
  if (!securing) return;  // the session did not wait
  Session& session = *securing.mapped().session;
  if (failed) {
    const Code code = message.failed().untrusted() ? Code::kFailedPrecondition : Code::kUnavailable;
    return session.OnTls(Fail(code, EscapeForLog(message.failed().reason())));
  }
  session.OnTls(TakeHandover(std::move(arrival), tls_contexts_));
}

// The listener must be one whose clients come this way, and the socket one of its port.
void DataThread::AcceptSecured(TlsLink::Arrival arrival) {
  const ListenerUse use = FindListener(arrival.message.connection().listener());
  const std::string proxy_header = arrival.message.connection().proxy_header();
  if (!use.settings || !use.settings->listeners[use.index].tls) {
    return shared_.log.Debug("aloha-tls handed over a connection of no listener");
  }
  Result<Handover> handover = TakeHandover(std::move(arrival), tls_contexts_);
  if (!handover || handover->local.port != use.settings->listeners[use.index].address.port) {
    return shared_.log.Warning("from aloha-tls: " + (handover ? "the socket is of another port"
                                                              : handover.error().message));
  }
  Session* const session =
      Admit(std::move(handover->socket), handover->peer, use.settings, use.index);
  if (session != nullptr) session->Start(std::move(handover->tls), proxy_header);
}

}  // namespace aloha::proxy
