// TLS as remote administrators' tools meet it: 1.2 (RFC 5246) and 1.3 (RFC 8446), a certificate
// whose private key aloha-keys has, and a request for the client's. Whose that is, is not looked at
// in the handshake: see client_trust.h.
#ifndef ALOHA_WUI_GATEWAY_REMOTE_TLS_H_
#define ALOHA_WUI_GATEWAY_REMOTE_TLS_H_

#include <asio/ssl/context.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "worker/v1/certificate.pb.h"
#include "workers/runtime/error.h"
#include "workers/runtime/log.h"
#include "workers/runtime/signing_client.h"
#include "workers/runtime/unique_fd.h"
#include "wui/gateway/key_provider.h"

namespace aloha::gateway {

// Control thread; handshakes end before it does. A handshake waits within OpenSSL for its
// signature: half a millisecond, at most kPatience, and as long as nothing answers kImpatience.
class RemoteTls {
 public:
  static constexpr std::chrono::milliseconds kPatience{500};

  explicit RemoteTls(Log& log) : log_(log), signing_(kPatience) {}

  // The channel to aloha-keys; replaces an earlier one.
  void UseKeys(UniqueFd channel) { signing_.Use(std::move(channel)); }

  // kInvalidArgument: OpenSSL does not take the certificate, or its key is neither RSA nor ECDSA.
  Result<std::shared_ptr<asio::ssl::context>> MakeContext(
      const worker::v1::TlsCertificate& certificate);

 private:
  Result<std::string> Sign(std::string_view key, uint16_t scheme, std::string_view message);

  Log& log_;
  SigningClient signing_;
  std::shared_ptr<KeyProvider> provider_;  // made when it is first needed
  std::chrono::steady_clock::time_point next_line_;
};

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_REMOTE_TLS_H_
