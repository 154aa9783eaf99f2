// A thread that serves sessions. Every one polls every listener; a session stays on the thread that
// accepted it.
#ifndef ALOHA_WORKERS_PROXY_DATA_THREAD_H_
#define ALOHA_WORKERS_PROXY_DATA_THREAD_H_

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "workers/net/reactor.h"
#include "workers/net/relay.h"
#include "workers/net/tls_context_cache.h"
#include "workers/proxy/running_config.h"
#include "workers/proxy/session.h"
#include "workers/runtime/log.h"

namespace aloha::proxy {

struct HttpScratch;

class DataThread;

// What all data threads have in common.
struct Shared {
  Log& log;
  const uint32_t max_sessions;
  const bool kernel_tls;  // see net::Relay
  std::atomic<uint32_t> sessions{0};
  std::vector<DataThread*> threads;  // all of them, by index; set before they are used
};

class DataThread {
 public:
  // `shared` outlives the thread.
  static Result<std::unique_ptr<DataThread>> Start(uint32_t index, Shared& shared);
  // Ends the thread; its sessions are cut without a word.
  ~DataThread();

  // From any thread: runs `task` on this one, after those posted before.
  void Post(std::function<void(DataThread&)> task);

  // The rest: on the thread itself.

  // Serves by this configuration from now on; sessions that live keep the settings they began with.
  void Use(const RunningConfig& config);
  // Accepts nothing more until the next Use; what lives, and what aloha-tls still hands over, may
  // end in peace.
  void StopListening();
  bool draining() const { return draining_; }
  // Calls `visit` for each session, which may end it.
  void ForEachSession(const std::function<void(Session&)>& visit);

  uint32_t index() const { return index_; }
  net::Reactor& reactor() { return *reactor_; }
  net::Relay& relay() { return relay_; }
  // Made when the first HTTP session needs it.
  HttpScratch& http();
  Shared& shared() { return shared_; }
  AccessLog access_log() const { return access_log_; }
  // Grows with every Use.
  uint32_t generation() const { return generation_; }
  // What a listener of this address is served by now; null settings: there is none any more.
  struct ListenerUse {
    std::shared_ptr<const ServiceSettings> settings;
    uint16_t index = 0;
  };
  ListenerUse FindListener(const net::Address& address) const;
  // Frees the ended session after this batch.
  void Bury(Session& session);

  // Connections come by this link as well, and handshakes are asked for by it from now on.
  void UseTlsLink(const std::shared_ptr<const TlsLink>& link);
  // Asks for a handshake of this socket, as soon as aloha-tls can be reached; the session's OnTls
  // gets the answer. The id of the request, which is not 0.
  uint64_t AskForTls(Session& session, handoff::v1::Handshake handshake, UniqueFd socket);
  // A session ticket that came on a connection of that request (handoff.proto).
  void ReturnTicket(uint64_t request, std::string message);
  // Nobody waits for it any more; 0 is none.
  void ForgetTls(uint64_t request) { securing_.erase(request); }

 private:
  class Acceptor;
  class AcceptPause;
  class TlsReceiver;
  // A session that waits for its handshake.
  struct Securing {
    Session* session = nullptr;
    const TlsReceiver* asked = nullptr;  // null: nobody yet
    handoff::v1::ToTls message;
    UniqueFd socket;  // until it is asked for
  };
  // Numbers of sessions and requests say which thread they are of; those of sessions the process as
  // well (22 bits), as others list theirs beside them while they drain.
  static constexpr int kThreadShift = 48;
  static constexpr int kProcessShift = 26;

  DataThread(uint32_t index, Shared& shared, std::unique_ptr<net::Reactor> reactor);
  Session* MakeSession(UniqueFd socket, const net::Address& peer,
                       const std::shared_ptr<const ServiceSettings>& settings, uint16_t listener);
  // Null: refused.
  Session* Admit(UniqueFd socket, const net::Address& peer,
                 const std::shared_ptr<const ServiceSettings>& settings, uint16_t listener);
  void Accept(UniqueFd socket, const net::Address& peer,
              const std::shared_ptr<const ServiceSettings>& settings, uint16_t listener);
  // data_thread_tls.cc: what comes by aloha-tls.
  ListenerUse FindListener(const handoff::v1::ListenerName& name) const;
  void OnTlsArrival(TlsLink::Arrival arrival);
  void AcceptSecured(TlsLink::Arrival arrival);
  void AnswerTls(TlsLink::Arrival arrival);
  void Ask(Securing& securing);
  void AskHeld();
  void LoseTls(const TlsReceiver& receiver);
  void FreeDead();
  // Descriptors or memory are short: accepting stops for a moment, so that the listeners, still
  // readable, do not spin.
  void PauseAccepting(int error);
  void ResumeAccepting();

  const uint32_t index_;
  Shared& shared_;
  const std::unique_ptr<net::Reactor> reactor_;
  net::Relay relay_;
  net::TlsContextCache tls_contexts_;
  std::unique_ptr<HttpScratch> http_;
  AccessLog access_log_ = AccessLog::kOff;
  uint32_t generation_ = 0;
  bool draining_ = false;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::vector<TlsListener> tls_listeners_;
  std::vector<std::shared_ptr<TlsReceiver>> tls_;       // the newest last; empty: not to be reached
  std::vector<std::shared_ptr<TlsReceiver>> lost_tls_;  // freed after the batch
  std::unordered_map<uint64_t, Securing> securing_;     // by the number of their requests
  uint64_t last_request_;
  std::unique_ptr<AcceptPause> pause_;
  Session* sessions_ = nullptr;  // all that live
  std::vector<std::unique_ptr<Session>> graveyard_;
  uint64_t last_id_;
  std::thread thread_;
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_DATA_THREAD_H_
