// TLS as browsers meet it: the INTERMEDIATE profile of the data path, one certificate, no session
// resumption, so that no secret outlives a connection.
#ifndef ALOHA_WUI_SERVER_TLS_SETTINGS_H_
#define ALOHA_WUI_SERVER_TLS_SETTINGS_H_

#include <openssl/ssl.h>

#include <asio/ssl/context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "worker/v1/snapshot.pb.h"
#include "workers/runtime/error.h"

namespace aloha::wui {

// Immutable.
struct TlsSettings {
  std::shared_ptr<asio::ssl::context> context;
  std::string key;                 // SHA-256 of the certificate's public key
  std::vector<std::string> names;  // DNS names of the certificate, lower case, "*." for one label
};

// method: how the private key is used; each SSL's app data is its own. kInvalidArgument with the
// field below `field`.
Result<std::shared_ptr<const TlsSettings>> MakeTlsSettings(
    const worker::v1::TlsCertificate& certificate, const SSL_PRIVATE_KEY_METHOD& method,
    const std::string& field);

}  // namespace aloha::wui

#endif  // ALOHA_WUI_SERVER_TLS_SETTINGS_H_
