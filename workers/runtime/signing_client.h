// Has TLS handshakes signed by aloha-keys, for a process that does few of them: one request at a
// time, waited for. It knows no TLS library; see handoff.proto for what is asked and answered.
#ifndef ALOHA_WORKERS_RUNTIME_SIGNING_CLIENT_H_
#define ALOHA_WORKERS_RUNTIME_SIGNING_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"

namespace aloha {

// One thread's.
class SigningClient {
 public:
  // Longest that one request waits, and while aloha-keys has left one without an answer.
  static constexpr std::chrono::milliseconds kPatience{2'000};
  static constexpr std::chrono::milliseconds kImpatience{50};

  // patience: in place of kPatience.
  explicit SigningClient(std::chrono::milliseconds patience = kPatience) : patience_(patience) {}

  // The channel to aloha-keys (SOCK_SEQPACKET, see Role::OnPeer); replaces an earlier one.
  void Use(UniqueFd channel);

  // A signature of `message`, which is what the TLS library wants signed and not its hash. key:
  // SHA-256 of the public key, 32 bytes (TlsCertificate.key); scheme: TLS SignatureScheme, as
  // 0x0804 (rsa_pss_rsae_sha256) or 0x0403 (ecdsa_secp256r1_sha256). Waits, and answers for whoever
  // is dead at once: kUnavailable: no aloha-keys is there; kDeadlineExceeded: it does not answer,
  // and further requests wait kImpatience until it does; kPermissionDenied: it refused, with its
  // reason, escaped.
  Result<std::string> Sign(std::string_view key, uint16_t scheme, std::string_view message);

 private:
  using Time = std::chrono::steady_clock::time_point;

  Result<> Send(uint64_t id, std::string_view key, uint16_t scheme, std::string_view message,
                Time deadline);
  // What answers this request; others are dropped: nobody waits for them any more.
  Result<std::string> Receive(uint64_t id, Time deadline);
  // kDeadlineExceeded.
  Result<> Await(short events, Time deadline);

  const std::chrono::milliseconds patience_;
  UniqueFd channel_;  // empty: none
  uint64_t last_id_ = 0;
  bool late_ = false;  // the last answer did not come in time
};

}  // namespace aloha

#endif  // ALOHA_WORKERS_RUNTIME_SIGNING_CLIENT_H_
