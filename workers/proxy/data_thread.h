// A thread that serves sessions. Every one polls every listener; a session stays on the thread that
// accepted it.
#ifndef ALOHA_WORKERS_PROXY_DATA_THREAD_H_
#define ALOHA_WORKERS_PROXY_DATA_THREAD_H_

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "workers/net/reactor.h"
#include "workers/net/relay.h"
#include "workers/proxy/running_config.h"
#include "workers/proxy/session.h"
#include "workers/runtime/log.h"

namespace aloha::proxy {

struct HttpScratch;

// What all data threads have in common.
struct Shared {
  Log& log;
  const uint32_t max_sessions;
  std::atomic<uint32_t> sessions{0};
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
  void StopListening();
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

 private:
  class Acceptor;
  class AcceptPause;

  DataThread(uint32_t index, Shared& shared, std::unique_ptr<net::Reactor> reactor);
  Session* MakeSession(UniqueFd socket, const net::Address& peer,
                       const std::shared_ptr<const ServiceSettings>& settings, uint16_t listener);
  void Accept(UniqueFd socket, const net::Address& peer,
              const std::shared_ptr<const ServiceSettings>& settings, uint16_t listener);
  // Descriptors or memory are short: accepting stops for a moment, so that the listeners, still
  // readable, do not spin.
  void PauseAccepting(int error);
  void ResumeAccepting();

  const uint32_t index_;
  Shared& shared_;
  const std::unique_ptr<net::Reactor> reactor_;
  net::Relay relay_;
  std::unique_ptr<HttpScratch> http_;
  AccessLog access_log_ = AccessLog::kOff;
  uint32_t generation_ = 0;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::unique_ptr<AcceptPause> pause_;
  Session* sessions_ = nullptr;  // all that live
  std::vector<std::unique_ptr<Session>> graveyard_;
  uint64_t last_id_;
  std::thread thread_;
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_DATA_THREAD_H_
