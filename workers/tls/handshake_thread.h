// A thread that makes handshakes. Every one polls every listener; a handshake stays on the thread
// that accepted it.
#ifndef ALOHA_WORKERS_TLS_HANDSHAKE_THREAD_H_
#define ALOHA_WORKERS_TLS_HANDSHAKE_THREAD_H_

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "workers/net/reactor.h"
#include "workers/runtime/log.h"
#include "workers/tls/bounds.h"
#include "workers/tls/handshake.h"
#include "workers/tls/key_link.h"
#include "workers/tls/proxy_link.h"
#include "workers/tls/running_config.h"

namespace aloha::tls {

class HandshakeThread;

// What all threads have in common.
struct Shared {
  Log& log;
  Bounds bounds;
  std::atomic<uint32_t> waiting_for_proxy{0};
  TicketWaiters tickets{256};
  // Set while the threads are made, before any has work.
  std::vector<std::unique_ptr<HandshakeThread>> threads;
};

class HandshakeThread final : private ProxyLink::Owner {
 public:
  // `shared` outlives the thread.
  static Result<std::unique_ptr<HandshakeThread>> Start(uint32_t index, Shared& shared);
  // After Join. Handshakes in progress are cut.
  ~HandshakeThread();

  // From any thread: runs `task` on this one, after those posted before.
  void Post(std::function<void(HandshakeThread&)> task);
  // Ends the loop; what is posted later never runs.
  void Stop() { reactor_->Stop(); }
  // Waits for the end of the loop.
  void Join() { thread_.join(); }

  // The rest: on the thread itself.

  // Serves by this configuration from now on; handshakes in progress keep theirs.
  void Use(std::shared_ptr<const RunningConfig> config);
  void StopListening();
  // Ends every handshake in progress; returns how many.
  uint32_t Cut();

  uint32_t index() const { return index_; }
  net::Reactor& reactor() { return *reactor_; }
  Log& log() { return shared_.log; }
  KeyLink& keys() { return keys_; }
  ProxyLink& proxy() { return proxy_; }
  // kMaxInput bytes, for a moment's use.
  std::span<char> scratch() { return scratch_; }
  // Writes the line, if not too many came in this second.
  void LogFailure(const std::string& line);
  // TicketWaiters::Add, and its end in time.
  void AwaitTicket(const TicketWaiters::Key& key, bssl::UniquePtr<SSL> ssl,
                   std::shared_ptr<ServerSessions> sessions, const net::Address& server);
  // Frees the handshake that ended after this batch.
  void Bury(Handshake& handshake);

 private:
  class ListenerAcceptor;
  // Calls a function at its deadline.
  class CallTimer final : public net::Timer {
   public:
    explicit CallTimer(std::function<void()> call) : call_(std::move(call)) {}
    void OnTimer() override { call_(); }

   private:
    const std::function<void()> call_;
  };

  HandshakeThread(uint32_t index, Shared& shared, std::unique_ptr<net::Reactor> reactor);
  void OnProxyRequest(uint64_t peer_id, handoff::v1::ToTls& request, UniqueFd socket) override;
  void OnBlocked(bool blocked) override;
  void Accept(UniqueFd socket, const net::Address& peer,
              const std::shared_ptr<const ListenerSettings>& listener);
  void BeginForProxy(uint64_t peer_id, const handoff::v1::Handshake& request, UniqueFd socket);
  // Finds the settings that the request names; false: there are none of that name.
  bool FindSettings(const handoff::v1::Handshake& request, HandshakeTask& task) const;
  void Begin(HandshakeTask task);
  // Descriptors or memory are short: accepting stops for a moment.
  void PauseAccepting(int error);
  void ExpireTickets();
  // Accepts, or does not, as pause and proxy allow.
  void UpdateAccepting();

  const uint32_t index_;
  Shared& shared_;
  const std::unique_ptr<net::Reactor> reactor_;
  KeyLink keys_;
  ProxyLink proxy_;
  std::vector<char> scratch_;
  std::shared_ptr<const RunningConfig> config_;  // null before the first Use
  std::vector<std::unique_ptr<ListenerAcceptor>> acceptors_;
  CallTimer pause_, ticket_expiry_;
  bool paused_ = false, told_of_pause_ = false;
  uint64_t log_second_ = 0;
  uint32_t logged_ = 0, unlogged_ = 0;
  Handshake* handshakes_ = nullptr;  // all that live
  std::vector<std::unique_ptr<Handshake>> graveyard_;
  std::thread thread_;
};

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_HANDSHAKE_THREAD_H_
