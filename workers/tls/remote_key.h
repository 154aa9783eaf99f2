// The private key of a handshake: in another process (aloha-keys), asked for one signature at a
// time.
#ifndef ALOHA_WORKERS_TLS_REMOTE_KEY_H_
#define ALOHA_WORKERS_TLS_REMOTE_KEY_H_

#include <openssl/ssl.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "workers/runtime/error.h"
#include "workers/tls/certificate.h"

namespace aloha::tls {

class SignatureWaiter {
 public:
  // Called once for each request that was not forgotten: a signature, or why there is none.
  virtual void OnSignature(Result<std::string> signature) = 0;

 protected:
  ~SignatureWaiter() = default;
};

// Gets signatures. One thread's.
class Signer {
 public:
  virtual ~Signer() = default;
  // key, scheme and message are those of handoff.v1.SignRequest. Returns a number for Forget; the
  // waiter, which must live until it is called or forgotten, is never called from here.
  virtual uint64_t Sign(const std::string& key, uint16_t scheme, std::string_view message,
                        SignatureWaiter& waiter) = 0;
  virtual void Forget(uint64_t request) = 0;
};

// Belongs to one SSL, whose app data it is.
class RemoteKey final : private SignatureWaiter {
 public:
  class Owner {
   public:
    // The handshake can go on.
    virtual void OnKeyReady() = 0;

   protected:
    ~Owner() = default;
  };

  // Both outlive it. The SSL must make no handshake any more when it goes.
  RemoteKey(Signer& signer, Owner& owner) : signer_(signer), owner_(owner) {}
  ~RemoteKey();
  RemoteKey(const RemoteKey&) = delete;
  RemoteKey& operator=(const RemoteKey&) = delete;

  void Attach(SSL* ssl) { SSL_set_app_data(ssl, this); }
  // Has the SSL show this certificate and sign by its key. False: out of memory.
  bool Use(SSL* ssl, const Certificate& certificate);
  // Why the last signature was refused; empty: it was not.
  const std::string& refusal() const { return refusal_; }

 private:
  friend bool UseCertificate(SSL* ssl, const Certificate& certificate);
  static const SSL_PRIVATE_KEY_METHOD kMethod;

  void OnSignature(Result<std::string> signature) override;
  ssl_private_key_result_t Begin(uint16_t scheme, std::string_view message);
  ssl_private_key_result_t Complete(uint8_t* out, size_t* out_len, size_t max_out);

  enum class State { kIdle, kAsked, kSigned, kRefused };

  Signer& signer_;
  Owner& owner_;
  std::string key_;
  State state_ = State::kIdle;
  uint64_t request_ = 0;
  std::string signature_;
  std::string refusal_;
};

// RemoteKey::Use, of the SSL's own.
bool UseCertificate(SSL* ssl, const Certificate& certificate);

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_REMOTE_KEY_H_
