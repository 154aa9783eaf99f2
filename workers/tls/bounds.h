// How many handshakes may be in progress at a time: all together, and of one client.
#ifndef ALOHA_WORKERS_TLS_BOUNDS_H_
#define ALOHA_WORKERS_TLS_BOUNDS_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

#include "workers/net/address.h"

namespace aloha::tls {

// Shared by the threads. Outlives the places taken in it.
class Bounds {
 public:
  // A place among the handshakes in progress, given back when it goes.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept
        : bounds_(std::exchange(other.bounds_, nullptr)),
          counts_client_(std::exchange(other.counts_client_, false)),
          client_(other.client_) {}
    Place& operator=(Place&& other) noexcept;
    ~Place();
    explicit operator bool() const { return bounds_ != nullptr; }
    // Counts it for this client. False: that one has as many as it may.
    bool SetClient(const net::Ip& client);

   private:
    friend class Bounds;
    Bounds* bounds_ = nullptr;
    bool counts_client_ = false;
    net::Ip client_{};
  };

  // Lower bounds end nothing that is in progress.
  void Set(uint32_t total, uint32_t per_client);
  // An empty place: there are as many as may be.
  Place Take();
  uint32_t in_progress() const { return taken_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint32_t> taken_{0}, total_{0}, per_client_{0};
  std::mutex mutex_;
  std::map<net::Ip, uint32_t> clients_;  // guarded by mutex_; IPv6 by /64
};

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_BOUNDS_H_
