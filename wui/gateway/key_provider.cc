#include "wui/gateway/key_provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "wui/gateway/key_signature.h"

namespace aloha::gateway {
namespace {

constexpr char kProviderName[] = "aloha-keys";
constexpr char kBuiltIn[] = "provider=default";
constexpr char kOwn[] = "provider=aloha-keys";

// Beside the public key's own parameters: who signs with its private half, an Origin.
constexpr char kOriginParameter[] = "aloha-origin";

// The names under which OpenSSL's own keys go, so that TLS knows what they are.
constexpr char kRsaNames[] = "RSA:rsaEncryption:1.2.840.113549.1.1.1";
constexpr char kEcNames[] = "EC:id-ecPublicKey:1.2.840.10045.2.1";

void* NewRsa(void* context) { return new RemoteKey{static_cast<OSSL_LIB_CTX*>(context), "RSA"}; }
void* NewEc(void* context) { return new RemoteKey{static_cast<OSSL_LIB_CTX*>(context), "EC"}; }

void FreeKey(void* data) { delete static_cast<RemoteKey*>(data); }

int Has(const void* data, int selection) {
  const auto* key = static_cast<const RemoteKey*>(data);
  if (key == nullptr || !key->public_key) return 0;
  return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 || key->origin.sign != nullptr ? 1 : 0;
}

int Match(const void* one, const void* other, int) {
  const auto* a = static_cast<const RemoteKey*>(one);
  const auto* b = static_cast<const RemoteKey*>(other);
  return a->public_key && b->public_key &&
                 EVP_PKEY_eq(a->public_key.get(), b->public_key.get()) == 1
             ? 1
             : 0;
}

// From EVP_PKEY_fromdata, or from one of OpenSSL's own keys that is compared with one of these.
int Import(void* data, int, const OSSL_PARAM parameters[]) {
  auto* key = static_cast<RemoteKey*>(data);
  if (const OSSL_PARAM* origin = OSSL_PARAM_locate_const(parameters, kOriginParameter)) {
    if (origin->data_size != sizeof(key->origin)) return 0;
    std::memcpy(&key->origin, origin->data, sizeof(key->origin));
  }
  EVP_PKEY_CTX* make = EVP_PKEY_CTX_new_from_name(key->context, key->type, kBuiltIn);
  EVP_PKEY* made = nullptr;
  const bool done =
      make != nullptr && EVP_PKEY_fromdata_init(make) == 1 &&
      EVP_PKEY_fromdata(make, &made, EVP_PKEY_PUBLIC_KEY, const_cast<OSSL_PARAM*>(parameters)) == 1;
  EVP_PKEY_CTX_free(make);
  key->public_key.reset(made);
  return done ? 1 : 0;
}

const OSSL_PARAM* ImportTypes(int) {
  static constexpr std::array<OSSL_PARAM, 6> kTypes = {{
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, nullptr, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
      OSSL_PARAM_octet_string(kOriginParameter, nullptr, 0),
      OSSL_PARAM_END,
  }};
  return kTypes.data();
}

int GetParameters(void* data, OSSL_PARAM parameters[]) {
  const auto* key = static_cast<const RemoteKey*>(data);
  return key->public_key ? EVP_PKEY_get_params(key->public_key.get(), parameters) : 0;
}

const OSSL_PARAM* GettableParameters(void*) {
  static constexpr std::array<OSSL_PARAM, 6> kTypes = {{
      OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
      OSSL_PARAM_END,
  }};
  return kTypes.data();
}

const char* EcOperation(int operation) {
  return operation == OSSL_OP_SIGNATURE ? "ECDSA" : nullptr;
}

template <auto kNew>
std::array<OSSL_DISPATCH, 10> KeyFunctions(bool ec) {
  return {
      {{OSSL_FUNC_KEYMGMT_NEW, AnyFunction(kNew)},
       {OSSL_FUNC_KEYMGMT_FREE, AnyFunction(&FreeKey)},
       {OSSL_FUNC_KEYMGMT_HAS, AnyFunction(&Has)},
       {OSSL_FUNC_KEYMGMT_MATCH, AnyFunction(&Match)},
       {OSSL_FUNC_KEYMGMT_IMPORT, AnyFunction(&Import)},
       {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, AnyFunction(&ImportTypes)},
       {OSSL_FUNC_KEYMGMT_GET_PARAMS, AnyFunction(&GetParameters)},
       {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, AnyFunction(&GettableParameters)},
       {ec ? OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME : 0, ec ? AnyFunction(&EcOperation) : nullptr},
       {0, nullptr}}};
}

const OSSL_ALGORITHM* Query(void*, int operation, int* no_cache) {
  static const auto rsa = KeyFunctions<&NewRsa>(false);
  static const auto ec = KeyFunctions<&NewEc>(true);
  static const std::array<OSSL_ALGORITHM, 3> keys = {{
      {kRsaNames, kOwn, rsa.data(), nullptr},
      {kEcNames, kOwn, ec.data(), nullptr},
      {nullptr, nullptr, nullptr, nullptr},
  }};
  static const std::array<OSSL_ALGORITHM, 3> signatures = {{
      {kRsaNames, kOwn, SignatureFunctions(), nullptr},
      {"ECDSA", kOwn, SignatureFunctions(), nullptr},
      {nullptr, nullptr, nullptr, nullptr},
  }};
  *no_cache = 0;
  if (operation == OSSL_OP_KEYMGMT) return keys.data();
  return operation == OSSL_OP_SIGNATURE ? signatures.data() : nullptr;
}

// The context of what is made here is the library context itself, as it may be in a provider that
// is built in (provider-base(7)).
int Begin(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* core,
          const OSSL_DISPATCH** functions, void** context) {
  static const std::array<OSSL_DISPATCH, 2> own = {{
      {OSSL_FUNC_PROVIDER_QUERY_OPERATION, AnyFunction(&Query)},
      {0, nullptr},
  }};
  for (; core->function_id != 0; ++core) {
    if (core->function_id == OSSL_FUNC_CORE_GET_LIBCTX)
      *context = OSSL_FUNC_core_get_libctx(core)(handle);
  }
  *functions = own.data();
  return *context != nullptr ? 1 : 0;
}

struct ParametersDeleter {
  void operator()(OSSL_PARAM* parameters) const { OSSL_PARAM_free(parameters); }
};

}  // namespace

void EvpKeyDeleter::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

Result<std::unique_ptr<KeyProvider>> KeyProvider::Make(Sign sign) {
  std::unique_ptr<KeyProvider> made(new KeyProvider(std::move(sign)));
  made->context_ = OSSL_LIB_CTX_new();
  if (made->context_ != nullptr &&
      OSSL_PROVIDER_add_builtin(made->context_, kProviderName, Begin) == 1) {
    made->built_in_ = OSSL_PROVIDER_load(made->context_, "default");
    made->own_ = OSSL_PROVIDER_load(made->context_, kProviderName);
  }
  if (made->built_in_ == nullptr || made->own_ == nullptr)
    return Fail(Code::kInternal, "OpenSSL takes no provider");
  return made;
}

KeyProvider::~KeyProvider() {
  if (own_ != nullptr) OSSL_PROVIDER_unload(own_);
  if (built_in_ != nullptr) OSSL_PROVIDER_unload(built_in_);
  OSSL_LIB_CTX_free(context_);
}

Result<EvpKey> KeyProvider::MakeKey(const EVP_PKEY& public_key, std::string_view key) const {
  Origin origin{&sign_, {}};
  const bool rsa = EVP_PKEY_is_a(&public_key, "RSA") == 1;
  if (key.size() != origin.key.size() || (!rsa && EVP_PKEY_is_a(&public_key, "EC") != 1))
    return Fail(Code::kInvalidArgument, "neither an RSA nor an ECDSA key");
  std::copy(key.begin(), key.end(), origin.key.begin());
  OSSL_PARAM* exported = nullptr;
  if (EVP_PKEY_todata(&public_key, EVP_PKEY_PUBLIC_KEY, &exported) != 1)
    return Fail(Code::kInternal, "OpenSSL does not tell the public key");
  const std::unique_ptr<OSSL_PARAM, ParametersDeleter> held(exported);
  const std::array<OSSL_PARAM, 2> ours = {
      {OSSL_PARAM_construct_octet_string(kOriginParameter, &origin, sizeof(origin)),
       OSSL_PARAM_construct_end()}};
  const std::unique_ptr<OSSL_PARAM, ParametersDeleter> all(OSSL_PARAM_merge(exported, ours.data()));
  EVP_PKEY_CTX* make = EVP_PKEY_CTX_new_from_name(context_, rsa ? "RSA" : "EC", kOwn);
  EVP_PKEY* made = nullptr;
  const bool done = all && make != nullptr && EVP_PKEY_fromdata_init(make) == 1 &&
                    EVP_PKEY_fromdata(make, &made, EVP_PKEY_KEYPAIR, all.get()) == 1;
  EVP_PKEY_CTX_free(make);
  EvpKey private_key(made);
  if (!done) return Fail(Code::kInternal, "OpenSSL does not take the key");
  return private_key;
}

}  // namespace aloha::gateway
