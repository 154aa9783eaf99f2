// Sessions that servers gave, so that the next handshake with them costs no signature.
#ifndef ALOHA_WORKERS_TLS_SERVER_SESSIONS_H_
#define ALOHA_WORKERS_TLS_SERVER_SESSIONS_H_

#include <openssl/ssl.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "workers/net/address.h"

namespace aloha::tls {

// The newest session of each server that has the same TLS settings. Any thread. A session serves
// many handshakes, also of TLS 1.3: that a watcher could tell that two of them come from here (RFC
// 8446 appendix C.4) is known anyhow, and a server that takes a ticket only once makes a full
// handshake.
class ServerSessions {
 public:
  // Null: none that is still valid.
  bssl::UniquePtr<SSL_SESSION> Get(const net::Address& server);
  // Replaces the one before. Not resumable ones are dropped.
  void Put(const net::Address& server, bssl::UniquePtr<SSL_SESSION> session);
  // The server did not take it.
  void Forget(const net::Address& server);
  // There is one in the first half of its life.
  bool IsFresh(const net::Address& server);

 private:
  std::mutex mutex_;
  std::map<net::Address, bssl::UniquePtr<SSL_SESSION>> sessions_;  // guarded by mutex_
};

// TLS 1.3 servers send tickets after the handshake, to whoever has the connection then; the library
// needs the handshake's SSL to make a session of one. It waits here for a while. Any thread.
class TicketWaiters {
 public:
  // The proxy and its request.
  using Key = std::pair<uint64_t, uint64_t>;
  static constexpr uint64_t kWaitMs = 10'000;

  // Most that wait; more are dropped.
  explicit TicketWaiters(size_t most) : most_(most) {}

  // The SSL has no socket and no use but this.
  void Add(const Key& key, bssl::UniquePtr<SSL> ssl, std::shared_ptr<ServerSessions> sessions,
           const net::Address& server, uint64_t now_ms);
  // A NewSessionTicket message came: the first makes a session, further ones are dropped.
  void OnTicket(const Key& key, std::string_view message);
  // Drops those that waited long enough. True: some still wait.
  bool Expire(uint64_t now_ms);

 private:
  struct Waiter {
    bssl::UniquePtr<SSL> ssl;
    std::shared_ptr<ServerSessions> sessions;
    net::Address server;
    uint64_t until_ms;
  };

  const size_t most_;
  std::mutex mutex_;
  std::map<Key, Waiter> waiters_;  // guarded by mutex_
};

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_SERVER_SESSIONS_H_
