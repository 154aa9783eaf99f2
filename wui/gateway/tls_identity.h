// The key with which this node shows itself, made here and gone with the process, and the
// certificate that aloha-keys makes for it. TLS 1.3 (RFC 8446) and nothing older; no tickets, no
// early data.
#ifndef ALOHA_WUI_GATEWAY_TLS_IDENTITY_H_
#define ALOHA_WUI_GATEWAY_TLS_IDENTITY_H_

#include <openssl/types.h>

#include <asio/ssl/context.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "workers/node/node_certificate.h"
#include "workers/runtime/error.h"

namespace aloha::gateway {

// Keeps OpenSSL from reading its files later. Before confinement, with one thread.
Result<> PrepareTls();

// Handshakes ask the other side for a certificate and take whichever it shows, or none: who that
// is, is looked at when they are done. Inside is HTTP/2 alone.
void AskForCertificate(SSL_CTX* context);

class TlsIdentity {
 public:
  // The public key: an uncompressed point of P-256, 65 bytes.
  Result<std::string> MakeKey();
  // Connections that begin from now on use the key made last. kInvalidArgument: the certificate is
  // not that key's.
  Result<> Use(const std::string& certificate);
  // For connections of either direction; empty before the first Use. Whose certificate the other
  // side has is not looked at in the handshake: see OtherSide.
  const std::shared_ptr<asio::ssl::context>& context() const { return context_; }

 private:
  struct KeyDeleter {
    void operator()(EVP_PKEY* key) const;
  };

  std::unique_ptr<EVP_PKEY, KeyDeleter> key_;
  std::string point_;
  std::shared_ptr<asio::ssl::context> context_;
};

// What the other side of a finished handshake shows itself to be.
struct OtherSide {
  // "": a node, with a certificate that is valid now. Otherwise why it is none, one of
  // "no_certificate", "not_a_node", "expired", and the same for people.
  std::string refused;
  std::string text;
  node::NodeKey node_key{};
  int64_t not_after_s = 0;  // seconds since 1970-01-01 UTC
};
OtherSide WhoIs(SSL* session, int64_t now_s);

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_TLS_IDENTITY_H_
