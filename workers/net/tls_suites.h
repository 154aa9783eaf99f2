// The cipher suites of the record layer, and their names.
#ifndef ALOHA_WORKERS_NET_TLS_SUITES_H_
#define ALOHA_WORKERS_NET_TLS_SUITES_H_

#include <openssl/aead.h>
#include <openssl/digest.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace aloha::net {

// A cipher suite in the versions that use it alike. Lengths in bytes.
struct TlsSuite {
  uint16_t cipher;
  uint16_t first_version, last_version;
  std::string_view name;
  const EVP_AEAD* (*aead)();
  const EVP_MD* (*hash)();  // of the key schedule of TLS 1.3; null before
  uint8_t mac_key;          // 20: CBC with HMAC-SHA1
  uint8_t key;
  uint8_t iv;           // of the key block (RFC 5246 section 6.3) or the key schedule
  uint8_t explicit_iv;  // at the beginning of each record
  uint8_t overhead;     // most that sealing adds behind the plaintext

  bool cbc() const { return mac_key != 0; }
  // The IV of a record is the end of the record before (RFC 2246 section 6.2.3.2).
  bool chained() const { return cbc() && explicit_iv == 0; }
  size_t secret() const { return EVP_MD_size(hash()); }
  // What the AEAD takes as its key.
  size_t aead_key() const { return size_t{mac_key} + key + (chained() ? iv : 0); }
};

// Null: no such suite in that version.
const TlsSuite* FindTlsSuite(uint16_t cipher, uint16_t version);

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_TLS_SUITES_H_
