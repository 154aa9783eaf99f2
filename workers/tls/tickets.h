// Session tickets (RFC 5077, RFC 8446 section 4.6.1) under keys that the supervisor makes, so that
// every process and thread that has them resumes what another began.
#ifndef ALOHA_WORKERS_TLS_TICKETS_H_
#define ALOHA_WORKERS_TLS_TICKETS_H_

#include <google/protobuf/repeated_ptr_field.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "worker/v1/snapshot.pb.h"
#include "workers/runtime/error.h"

namespace aloha::tls {

class TicketKeys {
 public:
  // The first encrypts, all decrypt. kInvalidArgument when one has not its size.
  static Result<std::shared_ptr<const TicketKeys>> Create(
      const google::protobuf::RepeatedPtrField<worker::v1::TicketKey>& keys);
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  // Prepares the encryption of a new ticket: writes the key's name and a random IV. False: no
  // randomness or memory.
  bool Seal(uint8_t* name, uint8_t* iv, EVP_CIPHER_CTX* cipher, HMAC_CTX* mac) const;
  enum class Opened { kUnknown, kCurrent, kOld, kFailed };
  // Prepares the decryption of a ticket. kOld: its key is not the one in use, a new ticket is due.
  Opened Open(const uint8_t* name, const uint8_t* iv, EVP_CIPHER_CTX* cipher, HMAC_CTX* mac) const;

 private:
  struct Key {
    std::array<uint8_t, 16> name;
    std::array<uint8_t, 32> encryption;  // AES-256-CBC
    std::array<uint8_t, 32> mac;         // HMAC-SHA-256
  };
  TicketKeys() = default;

  std::vector<Key> keys_;
};

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_TICKETS_H_
