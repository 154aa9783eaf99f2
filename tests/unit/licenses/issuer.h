// Somebody who issues licences.
#ifndef ALOHA_TESTS_UNIT_LICENSES_ISSUER_H_
#define ALOHA_TESTS_UNIT_LICENSES_ISSUER_H_

#include <array>
#include <string>

namespace aloha::supervisor {

class Issuer {
 public:
  // The same key for the same seed.
  explicit Issuer(unsigned char seed);

  const std::array<unsigned char, 32>& key() const { return public_; }
  std::string pem() const;
  // A licence file with these fields, in text format.
  std::string Issue(const std::string& fields) const;

 private:
  std::array<unsigned char, 32> public_{};
  std::array<unsigned char, 64> secret_{};
};

// Fields that make a licence of 2026-12-01 to 2027-11-30, and those in `more`.
std::string Fields(const std::string& serial, const std::string& more = "");

}  // namespace aloha::supervisor

#endif  // ALOHA_TESTS_UNIT_LICENSES_ISSUER_H_
