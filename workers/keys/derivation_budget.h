// Bounds the work that an encrypted file may ask for: deriving keys from its password.
#ifndef ALOHA_WORKERS_KEYS_DERIVATION_BUDGET_H_
#define ALOHA_WORKERS_KEYS_DERIVATION_BUDGET_H_

#include <cstdint>
#include <span>

#include "workers/runtime/error.h"

namespace aloha::keys {

// Of one file: 2,000,000 iterations at a time, twice that in all; that is a few seconds.
class DerivationBudget {
 public:
  static constexpr uint64_t kMaxIterations = 2'000'000;

  // kInvalidArgument when it is too much.
  Result<> Spend(uint64_t iterations);
  // What this AlgorithmIdentifier (the content of its SEQUENCE) asks for: PBES2 with PBKDF2 (RFC
  // 8018) or the older schemes of PKCS#5 and PKCS#12 (RFC 7292 appendix C). kInvalidArgument for
  // another scheme.
  Result<> SpendFor(std::span<const uint8_t> algorithm);

 private:
  uint64_t left_ = 2 * kMaxIterations;
};

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_DERIVATION_BUDGET_H_
