#include "workers/keys/pairing.h"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <initializer_list>

#include "workers/runtime/log.h"

namespace aloha::keys {
namespace {

using worker::v1::NodeIdentity;
using worker::v1::PairingMessage;

constexpr size_t kNonceBytes = 32;
constexpr size_t kMaxMessageBytes = 1024;
constexpr size_t kMaxNameBytes = 64;
constexpr std::string_view kContext = "aloha pairing 1";
using Mac = std::array<uint8_t, crypto_auth_BYTES>;

const uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

// Over each part with its length before it, so that no two lists of parts are the same text.
Mac Authenticate(const SecretBytes& code, std::initializer_list<std::string_view> parts) {
  static_assert(crypto_auth_KEYBYTES <= crypto_generichash_BYTES_MAX);
  SecretBytes key(crypto_auth_KEYBYTES);
  crypto_generichash(key.data(), key.size(), Bytes(kContext), kContext.size(), code.data(),
                     code.size());
  std::string text;
  for (const std::string_view part : parts) {
    for (int shift = 24; shift >= 0; shift -= 8)
      text += static_cast<char>(part.size() >> static_cast<unsigned>(shift) & 0xff);
    text += part;
  }
  Mac mac{};
  crypto_auth(mac.data(), Bytes(text), text.size(), key.data());
  return mac;
}

Mac MacOfJoin(const SecretBytes& code, const PairingMessage& join) {
  return Authenticate(code, {"join", join.identity(), join.nonce()});
}

Mac MacOfAnswer(const SecretBytes& code, const PairingMessage& join, const PairingMessage& answer) {
  return Authenticate(code,
                      {"answer", join.identity(), join.nonce(), answer.identity(), answer.nonce()});
}

PairingMessage Unauthenticated(const NodeIdentity& self) {
  PairingMessage message;
  message.set_identity(self.SerializeAsString());
  message.mutable_nonce()->resize(kNonceBytes);
  randombytes_buf(message.mutable_nonce()->data(), kNonceBytes);
  return message;
}

void SetMac(const Mac& mac, PairingMessage& message) { message.set_mac(mac.data(), mac.size()); }

bool HasMac(const Mac& mac, const PairingMessage& message) {
  return message.mac().size() == mac.size() &&
         sodium_memcmp(message.mac().data(), mac.data(), mac.size()) == 0;
}

}  // namespace

SentMessage MakeJoin(const SecretBytes& code, const NodeIdentity& self) {
  SentMessage sent;
  sent.message = Unauthenticated(self);
  SetMac(MacOfJoin(code, sent.message), sent.message);
  sent.serialized = sent.message.SerializeAsString();
  return sent;
}

Result<ReadMessage> ParsePairingMessage(std::string_view serialized) {
  ReadMessage read;
  const auto malformed = [] {
    return Fail(Code::kInvalidArgument, "what the other node sent is not a message of pairing");
  };
  if (serialized.size() > kMaxMessageBytes ||
      !read.message.ParseFromArray(serialized.data(), static_cast<int>(serialized.size())) ||
      read.message.nonce().size() != kNonceBytes ||
      !read.identity.ParseFromString(read.message.identity()) ||
      read.identity.node_key().size() != crypto_sign_PUBLICKEYBYTES ||
      read.identity.box_key().size() != crypto_box_PUBLICKEYBYTES) {
    return malformed();
  }
  read.identity.set_name(EscapeForLog(read.identity.name()).substr(0, kMaxNameBytes));
  return read;
}

bool VerifyJoin(const SecretBytes& code, const ReadMessage& join) {
  return HasMac(MacOfJoin(code, join.message), join.message);
}

std::string MakeAnswer(const SecretBytes& code, const PairingMessage& join,
                       const NodeIdentity& self) {
  PairingMessage answer = Unauthenticated(self);
  SetMac(MacOfAnswer(code, join, answer), answer);
  return answer.SerializeAsString();
}

bool VerifyAnswer(const SecretBytes& code, const PairingMessage& join, const ReadMessage& answer) {
  return HasMac(MacOfAnswer(code, join, answer.message), answer.message);
}

}  // namespace aloha::keys
