// Whose licences are taken: public keys of those who issue them.
#ifndef ALOHA_SUPERVISOR_LICENSES_ISSUER_KEYS_H_
#define ALOHA_SUPERVISOR_LICENSES_ISSUER_KEYS_H_

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/licenses/license_file.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

struct IssuerKey {
  std::string name;  // of its file, without ".pem"
  std::array<unsigned char, 32> key;
};

// An Ed25519 public key in PEM (RFC 8410 section 4, as `openssl pkey -pubout` writes it), alone in
// its file.
Result<std::array<unsigned char, 32>> ParsePublicKey(std::string_view pem);

// All NAME.pem of a folder, by name; without the folder, none. `troubles`: what could not be used,
// a sentence each.
std::vector<IssuerKey> LoadIssuerKeys(const std::string& folder,
                                      std::vector<std::string>& troubles);

// Whose signature it has; null: nobody's here.
const IssuerKey* FindIssuer(const std::vector<IssuerKey>& keys, const SignedLicense& license);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_LICENSES_ISSUER_KEYS_H_
