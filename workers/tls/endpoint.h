// One handshake as streams of bytes: what came in, what is to go out, and what it waits for. No
// sockets.
//
// The library takes bytes one record at a time and only as it needs them, so what follows the last
// handshake record stays in `in`, untouched, for whoever goes on with the connection.
#ifndef ALOHA_WORKERS_TLS_ENDPOINT_H_
#define ALOHA_WORKERS_TLS_ENDPOINT_H_

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "handoff/v1/handoff.pb.h"
#include "workers/runtime/error.h"
#include "workers/tls/handshake_stats.h"
#include "workers/tls/remote_key.h"

namespace aloha::tls {

// Most bytes to have in `in` at a time: what handoff.v1.Connection carries on.
inline constexpr size_t kMaxInput = 16'640;

class Endpoint {
 public:
  enum class Side { kServer, kClient };
  enum class State {
    kReading,  // more bytes are needed in `in`
    kSigning,  // the key has been asked
    kDone,     // `out` holds everything that the handshake sends
    kFailed,   // `out` may hold an alert
  };

  // context, signer and owner outlive it. Null: out of memory.
  static std::unique_ptr<Endpoint> Create(SSL_CTX* context, Side side, Signer& signer,
                                          RemoteKey::Owner& owner);
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  std::string in, out;

  // Goes on as far as it can.
  State Run();
  // After kFailed.
  Failure failure() const { return failure_; }
  const std::string& reason() const { return reason_; }

  SSL* ssl() const { return ssl_.get(); }
  // After kDone: the SSL without its streams, as TicketWaiters needs it.
  bssl::UniquePtr<SSL> TakeSsl();
  // After kDone: keys and facts, as far as the library knows them. An error: it is of a kind that
  // cannot be handed over.
  Result<> Export(handoff::v1::Connection& connection) const;

 private:
  Endpoint(Side side, Signer& signer, RemoteKey::Owner& owner) : side_(side), key_(signer, owner) {}
  static const BIO_METHOD* Method();
  bool IsTls() const;
  State Fail(Failure failure, std::string reason);
  State FailByQueue();

  const Side side_;
  RemoteKey key_;  // goes after the SSL
  bssl::UniquePtr<SSL> ssl_;
  bool begun_ = false;
  Failure failure_ = Failure::kOther;
  std::string reason_;
};

// Overwrites what may hold keys.
void Wipe(std::string& secret);
void Wipe(handoff::v1::TrafficKeys& keys);

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_ENDPOINT_H_
