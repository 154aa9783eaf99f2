// What TLS handshakes have signed.
#ifndef ALOHA_TESTS_UNIT_KEYS_MESSAGES_H_
#define ALOHA_TESTS_UNIT_KEYS_MESSAGES_H_

#include <string>

namespace aloha::keys {

// RFC 8446 section 4.4.3.
inline std::string CertificateVerify(size_t num_hash_bytes = 32,
                                     const std::string& side = "server") {
  return std::string(64, ' ') + "TLS 1.3, " + side + " CertificateVerify" + std::string(1, '\0') +
         std::string(num_hash_bytes, 'h');
}

// RFC 8422 section 5.4, after both randoms.
inline std::string ServerKeyExchange(char curve = 29, size_t num_key_bytes = 32) {
  std::string message(64, 'r');
  message += {3, 0, curve, static_cast<char>(num_key_bytes)};
  std::string key(num_key_bytes, 'k');
  if (curve < 29) key[0] = 4;
  return message + key;
}

}  // namespace aloha::keys

#endif  // ALOHA_TESTS_UNIT_KEYS_MESSAGES_H_
