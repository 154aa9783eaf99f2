// What may be signed: exactly what a TLS handshake has signed, told apart by its form, with the
// schemes that go with it. A captured aloha-tls can have no other text signed, such as a
// certificate or a message of another protocol.
#ifndef ALOHA_WORKERS_KEYS_TLS_MESSAGE_H_
#define ALOHA_WORKERS_KEYS_TLS_MESSAGE_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "workers/runtime/error.h"

namespace aloha::keys {

enum class MessageForm {
  // RFC 8446 section 4.4.3: 64 spaces, the context string of a server or client, 0x00, a transcript
  // hash of 32 or 48 bytes.
  kCertificateVerify,
  // RFC 8422 section 5.4: client random, server random, ServerECDHParams with a named curve.
  kServerKeyExchange,
};

// Nothing when it is neither. The two forms have no message in common.
std::optional<MessageForm> ClassifyMessage(std::string_view message);

enum class KeyKind { kRsa, kP256, kP384 };

enum class Hash { kMd5Sha1, kSha1, kSha256, kSha384, kSha512 };

enum class Padding { kNone, kPkcs1, kPss };  // kNone: ECDSA

// How a message is signed.
struct Scheme {
  uint32_t number;  // TLS SignatureScheme, or 0xff01
  Padding padding;
  Hash hash;
  bool tls13;     // may sign a CertificateVerify
  KeyKind curve;  // with kNone: the curve that TLS 1.3 binds it to
};

// The scheme, when it may sign this message with a key of this kind. kInvalidArgument with a reason
// for people: "not a TLS signature", "the scheme does not fit the key" …
Result<const Scheme*> CheckRequest(uint32_t scheme, std::string_view message, KeyKind kind);

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_TLS_MESSAGE_H_
