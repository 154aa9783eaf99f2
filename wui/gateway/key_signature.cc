#include "wui/gateway/key_signature.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace aloha::gateway {
namespace {

// One signature to be made.
struct Signing {
  OSSL_LIB_CTX* context = nullptr;
  const RemoteKey* key = nullptr;
  int hash = 0;  // its NID
  bool pss = false;
};

void* New(void* context, const char*) {
  return new Signing{.context = static_cast<OSSL_LIB_CTX*>(context)};
}

void Free(void* data) { delete static_cast<Signing*>(data); }

// The padding comes as a number or as a word.
int SetParameters(void* data, const OSSL_PARAM parameters[]) {
  auto* signing = static_cast<Signing*>(data);
  if (parameters == nullptr) return 1;
  const OSSL_PARAM* padding = OSSL_PARAM_locate_const(parameters, OSSL_SIGNATURE_PARAM_PAD_MODE);
  if (padding == nullptr) return 1;
  if (padding->data_type == OSSL_PARAM_UTF8_STRING) {
    const std::string_view word(static_cast<const char*>(padding->data));
    signing->pss = word == OSSL_PKEY_RSA_PAD_MODE_PSS;
    return signing->pss || word == OSSL_PKEY_RSA_PAD_MODE_PKCSV15 ? 1 : 0;
  }
  int number = 0;
  if (OSSL_PARAM_get_int(padding, &number) != 1) return 0;
  signing->pss = number == RSA_PKCS1_PSS_PADDING;
  return signing->pss || number == RSA_PKCS1_PADDING ? 1 : 0;
}

// TLS salts with as many bytes as the hash has; nothing else is asked for.
const OSSL_PARAM* SettableParameters(void*, void*) {
  static constexpr std::array<OSSL_PARAM, 3> kTypes = {{
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, nullptr, 0),
      OSSL_PARAM_END,
  }};
  return kTypes.data();
}

int Begin(void* data, const char* hash, void* key, const OSSL_PARAM parameters[]) {
  auto* signing = static_cast<Signing*>(data);
  if (key != nullptr) signing->key = static_cast<const RemoteKey*>(key);
  EVP_MD* found = hash != nullptr ? EVP_MD_fetch(signing->context, hash, nullptr) : nullptr;
  signing->hash = found != nullptr ? EVP_MD_get_type(found) : NID_undef;
  EVP_MD_free(found);
  const bool known =
      signing->hash == NID_sha256 || signing->hash == NID_sha384 || signing->hash == NID_sha512;
  return known && signing->key != nullptr && SetParameters(data, parameters) == 1 ? 1 : 0;
}

// RFC 8446 section 4.2.3; before TLS 1.3, an ECDSA scheme says nothing of the curve.
std::optional<uint16_t> SchemeOf(const Signing& signing) {
  const bool rsa = std::string_view(signing.key->type) == "RSA";
  switch (signing.hash) {
    case NID_sha256:
      return rsa ? (signing.pss ? 0x0804 : 0x0401) : 0x0403;
    case NID_sha384:
      return rsa ? (signing.pss ? 0x0805 : 0x0501) : 0x0503;
    case NID_sha512:
      if (rsa) return signing.pss ? 0x0806 : 0x0601;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

int SignWhole(void* data, unsigned char* signature, size_t* length, size_t room,
              const unsigned char* message, size_t message_length) {
  const auto* signing = static_cast<const Signing*>(data);
  const RemoteKey& key = *signing->key;
  if (signature == nullptr) {
    *length = static_cast<size_t>(EVP_PKEY_get_size(key.public_key.get()));
    return 1;
  }
  const std::optional<uint16_t> scheme = SchemeOf(*signing);
  if (!scheme || key.origin.sign == nullptr) return 0;
  const Result<std::string> made =
      (*key.origin.sign)({key.origin.key.data(), key.origin.key.size()}, *scheme,
                         {reinterpret_cast<const char*>(message), message_length});
  if (!made || made->size() > room) return 0;
  std::copy(made->begin(), made->end(), signature);
  *length = made->size();
  return 1;
}

}  // namespace

const OSSL_DISPATCH* SignatureFunctions() {
  static const std::array<OSSL_DISPATCH, 7> functions = {{
      {OSSL_FUNC_SIGNATURE_NEWCTX, AnyFunction(&New)},
      {OSSL_FUNC_SIGNATURE_FREECTX, AnyFunction(&Free)},
      {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, AnyFunction(&Begin)},
      {OSSL_FUNC_SIGNATURE_DIGEST_SIGN, AnyFunction(&SignWhole)},
      {OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, AnyFunction(&SetParameters)},
      {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, AnyFunction(&SettableParameters)},
      {0, nullptr},
  }};
  return functions.data();
}

}  // namespace aloha::gateway
