#include "workers/tls/ssl_text.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cctype>

namespace aloha::tls {

std::string QueuedErrorText() {
  const char* name = ERR_reason_error_string(ERR_peek_error());
  std::string text = name == nullptr ? "unknown error" : name;
  for (char& c : text) {
    c = c == '_' ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  const char* added = nullptr;
  int flags = 0;
  ERR_peek_error_line_data(nullptr, nullptr, &added, &flags);
  if (flags & ERR_FLAG_STRING) text += std::string(": ") + added;
  return text;
}

Failure QueuedFailure() {
  const uint32_t error = ERR_peek_error();
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return Failure::kOther;
  const int reason = ERR_GET_REASON(error);
  if (reason > SSL_AD_REASON_OFFSET) return Failure::kAlert;
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_INAPPROPRIATE_FALLBACK:
      return Failure::kNoSharedVersion;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUP:
    case SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS:
      return Failure::kNoSharedCipher;
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return Failure::kNoSharedAlpn;
    case SSL_R_EXCESSIVE_MESSAGE_SIZE:
      return Failure::kHelloTooLarge;
    case SSL_R_PRIVATE_KEY_OPERATION_FAILED:
      return Failure::kNoSignature;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return Failure::kUntrusted;
    default:
      return Failure::kProtocolError;
  }
}

}  // namespace aloha::tls
