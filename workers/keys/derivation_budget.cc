#include "workers/keys/derivation_budget.h"

#include <algorithm>
#include <array>
#include <optional>

#include "workers/keys/ber.h"

namespace aloha::keys {
namespace {

// 1.2.840.113549.1.5 (PKCS#5) and 1.2.840.113549.1.12.1 (schemes of PKCS#12); one more number names
// the scheme.
constexpr std::array<uint8_t, 8> kPkcs5 = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05};
constexpr std::array<uint8_t, 9> kPkcs12Pbe = {0x2a, 0x86, 0x48, 0x86, 0xf7,
                                               0x0d, 0x01, 0x0c, 0x01};
constexpr uint8_t kPbkdf2 = 12, kPbes2 = 13;

// The number behind `prefix`.
template <size_t kLength>
std::optional<uint8_t> NumberBehind(const std::array<uint8_t, kLength>& prefix,
                                    std::span<const uint8_t> object) {
  if (object.size() != kLength + 1) return std::nullopt;
  if (!std::equal(prefix.begin(), prefix.end(), object.begin())) return std::nullopt;
  return object.back();
}

// Of SEQUENCE { salt, iterations, … }, the parameters of PBKDF2 and of the older schemes alike.
std::optional<uint64_t> ReadIterations(BerReader& algorithm) {
  const auto parameters = algorithm.Next(BerReader::kSequence);
  if (!parameters) return std::nullopt;
  BerReader fields(parameters->content);
  if (!fields.Next()) return std::nullopt;
  const auto iterations = fields.Next(BerReader::kInteger);
  return iterations ? BerNumber(*iterations) : std::nullopt;
}

std::optional<uint64_t> ReadPbes2(BerReader& algorithm) {
  const auto parameters = algorithm.Next(BerReader::kSequence);
  if (!parameters) return std::nullopt;
  const auto derivation = BerReader(parameters->content).Next(BerReader::kSequence);
  if (!derivation) return std::nullopt;
  BerReader fields(derivation->content);
  const auto object = fields.Next(BerReader::kObject);
  if (!object || NumberBehind(kPkcs5, object->content) != kPbkdf2) return std::nullopt;
  return ReadIterations(fields);
}

}  // namespace

Result<> DerivationBudget::Spend(uint64_t iterations) {
  if (iterations > kMaxIterations || iterations > left_)
    return Fail(Code::kInvalidArgument,
                "the file asks for more than 2,000,000 iterations to open it; export it again with "
                "fewer");
  left_ -= iterations;
  return {};
}

Result<> DerivationBudget::SpendFor(std::span<const uint8_t> algorithm) {
  BerReader fields(algorithm);
  const auto object = fields.Next(BerReader::kObject);
  std::optional<uint64_t> iterations;
  if (object) {
    const std::optional<uint8_t> pkcs5 = NumberBehind(kPkcs5, object->content);
    if (pkcs5 == kPbes2) {
      iterations = ReadPbes2(fields);
    } else if (pkcs5 || NumberBehind(kPkcs12Pbe, object->content)) {
      iterations = ReadIterations(fields);
    }
  }
  if (!iterations)
    return Fail(Code::kInvalidArgument,
                "the file is encrypted in a way that is not supported; export it again with AES "
                "and PBKDF2, or with 3DES");
  return Spend(*iterations);
}

}  // namespace aloha::keys
