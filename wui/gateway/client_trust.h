// Whose certificate a remote administrator's tool shows (RFC 5280), and whether it may be believed.
#ifndef ALOHA_WUI_GATEWAY_CLIENT_TRUST_H_
#define ALOHA_WUI_GATEWAY_CLIENT_TRUST_H_

#include <google/protobuf/repeated_ptr_field.h>
#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "workers/runtime/error.h"

struct stack_st_X509;  // STACK_OF(X509)

namespace aloha::gateway {

struct RemoteClient {
  // "": it is who its certificate names. Otherwise why not, one of "no_certificate", "foreign",
  // "expired", "not_yet_valid", "usage", "subject", and the same for people.
  std::string refused;
  std::string text;
  // As RFC 2253 has it, in printable ASCII: "CN=ops,O=Example". At most kMaxSubject.
  std::string subject;
  int64_t not_after_s = 0;  // of all that vouches for it; seconds since 1970-01-01 UTC
};

class ClientTrust {
 public:
  // The supervisor compares so many bytes.
  static constexpr size_t kMaxSubject = 512;

  // Certificates in DER; each is believed by itself, whoever signed it. kInvalidArgument: there is
  // none, or one is no certificate.
  static Result<ClientTrust> Make(const google::protobuf::RepeatedPtrField<std::string>& anchors);

  // Of a handshake that is done; now: seconds since 1970-01-01 UTC.
  RemoteClient WhoIs(const SSL* session, int64_t now_s) const;
  // The same for a certificate and those that came with it. certificate may be null.
  RemoteClient WhoIs(X509* certificate, STACK_OF(X509) * others, int64_t now_s) const;

 private:
  struct StoreDeleter {
    void operator()(X509_STORE* store) const;
  };

  std::unique_ptr<X509_STORE, StoreDeleter> store_;
};

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_CLIENT_TRUST_H_
