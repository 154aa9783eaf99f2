// What a signature costs; built once with each crypto library.
#include <benchmark/benchmark.h>

#include <string>

#include "workers/keys/private_key.h"

namespace aloha::keys {
namespace {

using worker::v1::KeyType;

// As aloha-keys does it for a TLS 1.3 handshake, the check of the message included.
void Sign(benchmark::State& state, KeyType type, uint32_t number) {
  const Result<PrivateKey> key = PrivateKey::Generate(type);
  const std::string message = std::string(64, ' ') + "TLS 1.3, server CertificateVerify" +
                              std::string(1, '\0') + std::string(32, 'h');
  for (auto _ : state) {
    const auto scheme = CheckRequest(number, message, key->kind());
    benchmark::DoNotOptimize(key->Sign(**scheme, message));
  }
}

void BM_SignRsa2048Pss(benchmark::State& state) {
  Sign(state, worker::v1::KEY_TYPE_RSA_2048, 0x0804);
}
BENCHMARK(BM_SignRsa2048Pss);

void BM_SignEcdsaP256(benchmark::State& state) {
  Sign(state, worker::v1::KEY_TYPE_ECDSA_P256, 0x0403);
}
BENCHMARK(BM_SignEcdsaP256);

void BM_SignEcdsaP384(benchmark::State& state) {
  Sign(state, worker::v1::KEY_TYPE_ECDSA_P384, 0x0503);
}
BENCHMARK(BM_SignEcdsaP384);

}  // namespace
}  // namespace aloha::keys
