#include "workers/net/tls_context_cache.h"

#include <openssl/mem.h>

#include <algorithm>

namespace aloha::net {

TlsContextCache::TlsContextCache(size_t pairs)
    : capacity_(std::max<size_t>(pairs, 1)), scratch_(new uint8_t[kScratchBytes]) {}

TlsContextCache::~TlsContextCache() {
  for (TlsContextPair& pair : pairs_) Clear(pair);
  OPENSSL_cleanse(scratch_.get(), kScratchBytes);
}

TlsContextPair& TlsContextCache::Borrow(TlsContextPair*& place) {
  if (place == nullptr) {
    if (pairs_.empty() || (pairs_.back().place_ != nullptr && pairs_.size() < capacity_)) {
      TlsContextPair& made = pairs_.emplace_back();
      EVP_AEAD_CTX_zero(&made.open);
      EVP_AEAD_CTX_zero(&made.seal);
      made.self_ = std::prev(pairs_.end());
    } else {
      Clear(pairs_.back());
    }
    place = &pairs_.back();
    place->place_ = &place;
  }
  pairs_.splice(pairs_.begin(), pairs_, place->self_);
  return *place;
}

void TlsContextCache::Return(TlsContextPair*& place) {
  if (place == nullptr) return;
  TlsContextPair& pair = *place;
  Clear(pair);
  pairs_.splice(pairs_.end(), pairs_, pair.self_);
}

void TlsContextCache::Clear(EVP_AEAD_CTX& context) {
  EVP_AEAD_CTX_cleanup(&context);
  OPENSSL_cleanse(&context, sizeof context);
}

void TlsContextCache::Clear(TlsContextPair& pair) {
  Clear(pair.open);
  Clear(pair.seal);
  if (pair.place_ != nullptr) *pair.place_ = nullptr;
  pair.place_ = nullptr;
}

}  // namespace aloha::net
