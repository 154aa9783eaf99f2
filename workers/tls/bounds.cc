#include "workers/tls/bounds.h"

#include <algorithm>

namespace aloha::tls {
namespace {

// Whoever has one IPv6 address has 2^64 of them.
net::Ip Group(net::Ip ip) {
  if (!net::IsIpv4(ip)) std::fill(ip.begin() + 8, ip.end(), uint8_t{0});
  return ip;
}

}  // namespace

Bounds::Place& Bounds::Place::operator=(Place&& other) noexcept {
  std::swap(bounds_, other.bounds_);
  std::swap(counts_client_, other.counts_client_);
  std::swap(client_, other.client_);
  return *this;
}

Bounds::Place::~Place() {
  if (bounds_ == nullptr) return;
  bounds_->taken_.fetch_sub(1, std::memory_order_relaxed);
  if (!counts_client_) return;
  const std::lock_guard lock(bounds_->mutex_);
  const auto count = bounds_->clients_.find(client_);
  if (--count->second == 0) bounds_->clients_.erase(count);
}

bool Bounds::Place::SetClient(const net::Ip& client) {
  client_ = Group(client);
  const std::lock_guard lock(bounds_->mutex_);
  uint32_t& count = bounds_->clients_[client_];
  if (count >= bounds_->per_client_.load(std::memory_order_relaxed)) {
    if (count == 0) bounds_->clients_.erase(client_);
    return false;
  }
  ++count;
  counts_client_ = true;
  return true;
}

void Bounds::Set(uint32_t total, uint32_t per_client) {
  total_ = total;
  per_client_ = per_client;
}

Bounds::Place Bounds::Take() {
  Place place;
  if (taken_.fetch_add(1, std::memory_order_relaxed) >= total_.load(std::memory_order_relaxed)) {
    taken_.fetch_sub(1, std::memory_order_relaxed);
    return place;
  }
  place.bounds_ = this;
  return place;
}

}  // namespace aloha::tls
