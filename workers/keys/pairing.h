// How two nodes come to know each other's keys: one message each way, authenticated by the one-time
// code, so that nobody between them can put other keys in.
//
//   joiner → giver   identity J, nonce J, MAC(code; "join", J, nonce J)
//   giver → joiner   identity G, nonce G, MAC(code; "answer", J, nonce J, G, nonce G)
//
// The MAC is HMAC-SHA-512-256 (libsodium's crypto_auth) with a key derived from the code. The
// second covers the first, so an earlier answer fits no later question. Each side also compares the
// node key in the message with the one that the other side's TLS certificate is of: whoever merely
// passes the messages on is found out.
#ifndef ALOHA_WORKERS_KEYS_PAIRING_H_
#define ALOHA_WORKERS_KEYS_PAIRING_H_

#include <string>
#include <string_view>

#include "worker/v1/node.pb.h"
#include "workers/keys/secret.h"
#include "workers/runtime/error.h"

namespace aloha::keys {

// What the sender of a message has to keep until the answer comes.
struct SentMessage {
  worker::v1::PairingMessage message;
  std::string serialized;
};

// The joiner's message.
SentMessage MakeJoin(const SecretBytes& code, const worker::v1::NodeIdentity& self);

// Parses a message and the identity in it, without regard to its MAC. kInvalidArgument.
struct ReadMessage {
  worker::v1::PairingMessage message;
  worker::v1::NodeIdentity identity;
};
Result<ReadMessage> ParsePairingMessage(std::string_view serialized);

// True: it was made with this code.
bool VerifyJoin(const SecretBytes& code, const ReadMessage& join);
// The giver's answer, serialized.
std::string MakeAnswer(const SecretBytes& code, const worker::v1::PairingMessage& join,
                       const worker::v1::NodeIdentity& self);
// True: it was made with this code, as the answer to this message.
bool VerifyAnswer(const SecretBytes& code, const worker::v1::PairingMessage& join,
                  const ReadMessage& answer);

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_PAIRING_H_
