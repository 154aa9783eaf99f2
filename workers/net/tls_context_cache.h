// Ready-made AEAD contexts of the connections that were busy last. A pair is 1,200 bytes; to make
// one of AES anew takes less than sealing 1 KB does (aloha-bench), so that an idle connection needs
// none, and few are enough.
#ifndef ALOHA_WORKERS_NET_TLS_CONTEXT_CACHE_H_
#define ALOHA_WORKERS_NET_TLS_CONTEXT_CACHE_H_

#include <openssl/aead.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>

namespace aloha::net {

struct TlsContextPair {
  EVP_AEAD_CTX open, seal;  // EVP_AEAD_CTX_aead() is null where it is not set up

 private:
  friend class TlsContextCache;
  TlsContextPair** place_ = nullptr;  // where the borrower keeps its pointer; null: not lent
  std::list<TlsContextPair>::iterator self_;
};

// One thread's.
class TlsContextCache {
 public:
  // At most so many pairs, at least one.
  explicit TlsContextCache(size_t pairs = 128);
  // Everything is returned before.
  ~TlsContextCache();
  TlsContextCache(const TlsContextCache&) = delete;
  TlsContextCache& operator=(const TlsContextCache&) = delete;

  // The pair that `place` points to; if it is null, points it to a pair that is not set up, the one
  // used longest ago if all are lent: its borrower's place becomes null. `place` stays where it is
  // until it is null again. The pair is safe until the next call.
  TlsContextPair& Borrow(TlsContextPair*& place);
  // Takes back what `place` points to, if anything, and makes it null.
  void Return(TlsContextPair*& place);
  // Wipes a context; it is not set up then.
  static void Clear(EVP_AEAD_CTX& context);

  // Plaintext that needs more room on the way than it takes in the end. kScratchBytes.
  uint8_t* scratch() { return scratch_.get(); }
  static constexpr size_t kScratchBytes = 5 + 16384 + 2048;

 private:
  static void Clear(TlsContextPair& pair);

  const size_t capacity_;
  std::list<TlsContextPair> pairs_;  // used last first; what is not lent at the end
  const std::unique_ptr<uint8_t[]> scratch_;
};

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_TLS_CONTEXT_CACHE_H_
