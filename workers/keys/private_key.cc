#include "workers/keys/private_key.h"

#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <algorithm>

#include "workers/keys/owned.h"

namespace aloha::keys {
namespace {

using KeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;

constexpr int kMinRsaBits = 2048, kMaxRsaBits = 8192;
constexpr const char* kWhatFits =
    "RSA with at least 2048 bits, or ECDSA with P-256 or P-384, is needed";

// A SubjectPublicKeyInfo of a named curve with an uncompressed point is one of these and the point.
constexpr std::array<uint8_t, 26> kP256Prefix = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
constexpr std::array<uint8_t, 23> kP384Prefix = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                                                 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
                                                 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00};

bool IsCurve(std::span<const uint8_t> public_key, std::span<const uint8_t> prefix) {
  return public_key.size() == prefix[1] + 2U &&
         std::equal(prefix.begin(), prefix.end(), public_key.begin());
}

std::span<const uint8_t> AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

const EVP_MD* Digest(Hash hash) {
  switch (hash) {
    case Hash::kMd5Sha1:
      return EVP_md5_sha1();
    case Hash::kSha1:
      return EVP_sha1();
    case Hash::kSha256:
      return EVP_sha256();
    case Hash::kSha384:
      return EVP_sha384();
    case Hash::kSha512:
      return EVP_sha512();
  }
  return nullptr;
}

bool SetPadding(EVP_PKEY_CTX* context, Padding padding) {
  switch (padding) {
    case Padding::kNone:
      return true;
    case Padding::kPkcs1:
      return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    case Padding::kPss:
      return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(context, -1 /* as long as the hash */) == 1;
  }
  return false;
}

// Numbers that do not belong together would sign nonsense, and tell about themselves by it.
bool SignsWhatItVerifies(const PrivateKey& key) {
  constexpr Scheme kTrial{0, Padding::kNone, Hash::kSha256, false, KeyKind::kP256};
  constexpr Scheme kRsaTrial{0, Padding::kPkcs1, Hash::kSha256, false, KeyKind::kRsa};
  constexpr std::string_view kMessage = "trial";
  const Scheme& scheme = key.kind() == KeyKind::kRsa ? kRsaTrial : kTrial;
  const Result<std::string> signature = key.Sign(scheme, kMessage);
  if (!signature) return false;
  const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  const auto message = AsBytes(kMessage), signed_bytes = AsBytes(*signature);
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), signed_bytes.data(), signed_bytes.size(), message.data(),
                          message.size()) == 1;
}

}  // namespace

std::string ToHex(std::span<const uint8_t> bytes) {
  std::string out;
  for (const uint8_t byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

std::optional<KeyHash> ToKeyHash(std::string_view bytes) {
  KeyHash hash{};
  if (bytes.size() != hash.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

std::string PublicKeyDer(evp_pkey_st& key) {
  uint8_t* der = nullptr;
  const int length = i2d_PUBKEY(&key, &der);
  if (length <= 0) return {};
  const OwnedBytes owned(der);
  return {reinterpret_cast<const char*>(der), static_cast<size_t>(length)};
}

void EvpKeyDeleter::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<PrivateKey> PrivateKey::Adopt(EvpKey key) {
  const std::string name = KeyTypeName(*key);
  const std::string public_key = PublicKeyDer(*key);
  KeyKind kind = KeyKind::kRsa;
  if (EVP_PKEY_id(key.get()) == EVP_PKEY_RSA) {
    const int bits = EVP_PKEY_bits(key.get());
    if (bits < kMinRsaBits || bits > kMaxRsaBits)
      return Fail(Code::kInvalidArgument,
                  fmt::format("the private key is {}; RSA with {} to {} bits is needed", name,
                              kMinRsaBits, kMaxRsaBits));
  } else if (IsCurve(AsBytes(public_key), kP256Prefix)) {
    kind = KeyKind::kP256;
  } else if (IsCurve(AsBytes(public_key), kP384Prefix)) {
    kind = KeyKind::kP384;
  } else {
    return Fail(Code::kInvalidArgument, fmt::format("the private key is {}; {}", name, kWhatFits));
  }
  KeyHash hash{};
  SHA256(AsBytes(public_key).data(), public_key.size(), hash.data());
  PrivateKey made(std::move(key), kind, hash);
  if (!SignsWhatItVerifies(made)) {
    ERR_clear_error();
    return Fail(Code::kInvalidArgument, "the private key is damaged: it does not sign");
  }
  return made;
}

Result<PrivateKey> PrivateKey::FromPkcs8(std::span<const uint8_t> der) {
  const uint8_t* end = der.data();
  const Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info(
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &end, static_cast<long>(der.size())));
  EvpKey key(info && end == der.data() + der.size() ? EVP_PKCS82PKEY(info.get()) : nullptr);
  ERR_clear_error();
  if (!key) return Fail(Code::kInvalidArgument, "the private key is damaged");
  return Adopt(std::move(key));
}

Result<PrivateKey> PrivateKey::Generate(worker::v1::KeyType type) {
  const bool rsa = type == worker::v1::KEY_TYPE_RSA_2048 || type == worker::v1::KEY_TYPE_RSA_3072;
  const KeyContext context(EVP_PKEY_CTX_new_id(rsa ? EVP_PKEY_RSA : EVP_PKEY_EC, nullptr));
  bool ready = context && EVP_PKEY_keygen_init(context.get()) == 1;
  if (rsa) {
    const int bits = type == worker::v1::KEY_TYPE_RSA_2048 ? 2048 : 3072;
    ready = ready && EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), bits) == 1;
  } else {
    const int curve =
        type == worker::v1::KEY_TYPE_ECDSA_P384 ? NID_secp384r1 : NID_X9_62_prime256v1;
    ready = ready && EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context.get(), curve) == 1;
  }
  EVP_PKEY* key = nullptr;
  if (!ready || EVP_PKEY_keygen(context.get(), &key) != 1) {
    ERR_clear_error();
    return Fail(Code::kInternal, "no key could be made");
  }
  return Adopt(EvpKey(key));
}

Result<SecretBytes> PrivateKey::ToPkcs8() const {
  const Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info(EVP_PKEY2PKCS8(get()));
  const int length = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr) : 0;
  if (length <= 0) return Fail(Code::kInternal, "the private key cannot be written");
  SecretBytes der(static_cast<size_t>(length));
  uint8_t* end = der.data();
  i2d_PKCS8_PRIV_KEY_INFO(info.get(), &end);
  return der;
}

Result<std::string> PrivateKey::Sign(const Scheme& scheme, std::string_view message) const {
  const EVP_MD* digest = Digest(scheme.hash);
  std::array<uint8_t, EVP_MAX_MD_SIZE> hash{};
  unsigned hash_len = 0;
  const KeyContext context(EVP_PKEY_CTX_new(get(), nullptr));
  std::string signature(static_cast<size_t>(EVP_PKEY_size(get())), '\0');
  size_t length = signature.size();
  const bool done =
      context &&
      EVP_Digest(message.data(), message.size(), hash.data(), &hash_len, digest, nullptr) == 1 &&
      EVP_PKEY_sign_init(context.get()) == 1 && SetPadding(context.get(), scheme.padding) &&
      EVP_PKEY_CTX_set_signature_md(context.get(), digest) == 1 &&
      EVP_PKEY_sign(context.get(), reinterpret_cast<uint8_t*>(signature.data()), &length,
                    hash.data(), hash_len) == 1;
  if (!done) {
    ERR_clear_error();
    return Fail(Code::kInternal, "the crypto library failed to sign");
  }
  signature.resize(length);
  return signature;
}

std::string PrivateKey::TypeName() const { return KeyTypeName(*key_); }

std::string KeyTypeName(evp_pkey_st& key) {
  switch (EVP_PKEY_id(&key)) {
    case EVP_PKEY_RSA:
      return fmt::format("RSA {}", EVP_PKEY_bits(&key));
    case EVP_PKEY_EC: {
      const std::string public_key = PublicKeyDer(key);
      if (IsCurve(AsBytes(public_key), kP256Prefix)) return "ECDSA P-256";
      if (IsCurve(AsBytes(public_key), kP384Prefix)) return "ECDSA P-384";
      return fmt::format("ECDSA of another curve with {} bits", EVP_PKEY_bits(&key));
    }
    case EVP_PKEY_ED25519:
      return "Ed25519";
    case EVP_PKEY_DSA:
      return "DSA";
    default:
      return "of another kind";
  }
}

}  // namespace aloha::keys
