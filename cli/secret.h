// What must not linger in memory: passwords, and files with private keys on their way to
// aloha-keys.
#ifndef ALOHA_CLI_SECRET_H_
#define ALOHA_CLI_SECRET_H_

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "admin/v1/certificates.pb.h"

namespace aloha::cli {

// A password has at most so many bytes.
inline constexpr size_t kMaxPasswordBytes = 1024;

// Overwrites the text, in a way that no compiler leaves out, and empties it.
void Wipe(std::string& text);

// The first line of standard input without its end: where that is a terminal, asked for by
// `question` on standard error and not shown while it is typed. The error, one line, is for people:
// too long, not UTF-8, interrupted. Not for use by several threads at once.
tl::expected<std::string, std::string> ReadPassword(const std::string& question);

// Sealed so that only the owner of the key can open it (libsodium, crypto_box_seal); what was clear
// is wiped. Refuses a key that is not 32 bytes or not usable.
tl::expected<std::string, std::string> SealTo(std::string_view public_key, std::string clear);

// A certificate file with its password. Wiped when it goes.
class SecretFile {
 public:
  SecretFile() = default;
  ~SecretFile();
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;

  void set_file(std::string bytes) { message_.set_file(std::move(bytes)); }
  void set_password(std::string password) { message_.set_password(std::move(password)); }

  // Whether it is of a kind that cannot be opened without a password: PEM with an encrypted key
  // (RFC 1421 section 4.6.1.1, RFC 7468 section 11), or anything but PEM, which is taken for
  // PKCS#12.
  bool NeedsPassword() const;

  // Both, serialized. Errors as SealTo.
  tl::expected<std::string, std::string> Seal(std::string_view public_key) const;

 private:
  ::aloha::admin::v1::CertificateFile message_;
};

}  // namespace aloha::cli

#endif  // ALOHA_CLI_SECRET_H_
