#include "workers/tls/tickets.h"

#include <openssl/cipher.h>
#include <openssl/mem.h>
#include <openssl/rand.h>

#include <algorithm>
#include <string>

namespace aloha::tls {
namespace {

constexpr size_t kIvBytes = 16;

}  // namespace

Result<std::shared_ptr<const TicketKeys>> TicketKeys::Create(
    const google::protobuf::RepeatedPtrField<worker::v1::TicketKey>& keys) {
  std::shared_ptr<TicketKeys> made(new TicketKeys);
  made->keys_.resize(static_cast<size_t>(keys.size()));
  for (int i = 0; i < keys.size(); ++i) {
    const std::string field = "ticket_keys[" + std::to_string(i) + "]";
    Key& key = made->keys_[static_cast<size_t>(i)];
    const std::string& secret = keys[i].secret();
    if (keys[i].name().size() != key.name.size()) {
      return Fail(Code::kInvalidArgument, field + ".name: is not of 16 bytes", field + ".name");
    }
    if (secret.size() != key.encryption.size() + key.mac.size()) {
      return Fail(Code::kInvalidArgument, field + ".secret: is not of 64 bytes", field + ".secret");
    }
    std::copy(keys[i].name().begin(), keys[i].name().end(), key.name.begin());
    std::copy_n(secret.begin(), key.encryption.size(), key.encryption.begin());
    std::copy(secret.begin() + key.encryption.size(), secret.end(), key.mac.begin());
  }
  return std::shared_ptr<const TicketKeys>(std::move(made));
}

TicketKeys::~TicketKeys() { OPENSSL_cleanse(keys_.data(), keys_.size() * sizeof(Key)); }

bool TicketKeys::Seal(uint8_t* name, uint8_t* iv, EVP_CIPHER_CTX* cipher, HMAC_CTX* mac) const {
  if (keys_.empty()) return false;
  const Key& key = keys_.front();
  std::copy(key.name.begin(), key.name.end(), name);
  return RAND_bytes(iv, kIvBytes) &&
         EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.encryption.data(), iv) &&
         HMAC_Init_ex(mac, key.mac.data(), key.mac.size(), EVP_sha256(), nullptr);
}

TicketKeys::Opened TicketKeys::Open(const uint8_t* name, const uint8_t* iv, EVP_CIPHER_CTX* cipher,
                                    HMAC_CTX* mac) const {
  const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const Key& one) {
    return std::equal(one.name.begin(), one.name.end(), name);
  });
  if (key == keys_.end()) return Opened::kUnknown;
  if (!HMAC_Init_ex(mac, key->mac.data(), key->mac.size(), EVP_sha256(), nullptr) ||
      !EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->encryption.data(), iv)) {
    return Opened::kFailed;
  }
  return key == keys_.begin() ? Opened::kCurrent : Opened::kOld;
}

}  // namespace aloha::tls
