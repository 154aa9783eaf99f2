#include "workers/tls/server_sessions.h"

#include <openssl/err.h>

#include <algorithm>
#include <ctime>

namespace aloha::tls {
namespace {

// Servers of the same settings; far more than anybody has.
constexpr size_t kMaxServers = 1024;
// Whatever the server says: its certificate is looked at again after this.
constexpr uint32_t kMaxSeconds = 2 * 3600;

uint64_t NowSeconds() { return static_cast<uint64_t>(std::time(nullptr)); }

// Seconds since it was made.
uint64_t AgeOf(const SSL_SESSION* session) {
  const uint64_t made = SSL_SESSION_get_time(session), now = NowSeconds();
  return now > made ? now - made : 0;
}

}  // namespace

bssl::UniquePtr<SSL_SESSION> ServerSessions::Get(const net::Address& server) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(server);
  if (found == sessions_.end()) return nullptr;
  if (AgeOf(found->second.get()) >= SSL_SESSION_get_timeout(found->second.get())) {
    sessions_.erase(found);
    return nullptr;
  }
  return bssl::UpRef(found->second);
}

void ServerSessions::Put(const net::Address& server, bssl::UniquePtr<SSL_SESSION> session) {
  if (!session || !SSL_SESSION_is_resumable(session.get())) return;
  SSL_SESSION_set_timeout(session.get(),
                          std::min(SSL_SESSION_get_timeout(session.get()), kMaxSeconds));
  const std::lock_guard lock(mutex_);
  if (sessions_.size() >= kMaxServers && !sessions_.contains(server)) return;
  sessions_[server] = std::move(session);
}

void ServerSessions::Forget(const net::Address& server) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(server);
}

bool ServerSessions::IsFresh(const net::Address& server) {
  const auto session = Get(server);
  return session && AgeOf(session.get()) < SSL_SESSION_get_timeout(session.get()) / 2;
}

void TicketWaiters::Add(const Key& key, bssl::UniquePtr<SSL> ssl,
                        std::shared_ptr<ServerSessions> sessions, const net::Address& server,
                        uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (waiters_.size() >= most_) return;
  waiters_[key] = {std::move(ssl), std::move(sessions), server, now_ms + kWaitMs};
}

void TicketWaiters::OnTicket(const Key& key, std::string_view message) {
  Waiter waiter;
  {
    const std::lock_guard lock(mutex_);
    auto node = waiters_.extract(key);
    if (node.empty()) return;
    waiter = std::move(node.mapped());
  }
  waiter.sessions->Put(
      waiter.server,
      bssl::UniquePtr<SSL_SESSION>(SSL_process_tls13_new_session_ticket(
          waiter.ssl.get(), reinterpret_cast<const uint8_t*>(message.data()), message.size())));
  ERR_clear_error();
}

bool TicketWaiters::Expire(uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  std::erase_if(waiters_, [&](const auto& one) { return one.second.until_ms <= now_ms; });
  return !waiters_.empty();
}

}  // namespace aloha::tls
