#include "supervisor/config/secret_file.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <cstdlib>

#include "config/v1/state.pb.h"
#include "supervisor/config/persistence_secret.h"
#include "supervisor/config/state_file.h"

namespace aloha::supervisor {

std::string MakeSecret() {
  std::string secret(kSecretBytes, '\0');
  // So few bytes are never cut short, and fail only where the kernel has no such call.
  if (::getrandom(secret.data(), kSecretBytes, 0) != ssize_t{kSecretBytes}) std::abort();
  return secret;
}

KeptSecret LoadSecret(const std::string& path) {
  KeptSecret kept;
  config::v1::PersistenceSecret message;
  const auto read = ReadState(path, &message);
  if (read && message.secret().size() == kSecretBytes) {
    kept.secret = message.secret();
    return kept;
  }
  if (read) {
    kept.troubles.push_back(path + " holds no secret");
  } else if (read.error().code != Code::kNotFound) {
    kept.troubles.push_back(read.error().message);
  }
  kept.fresh = true;
  kept.secret = MakeSecret();
  if (auto written = KeepSecret(path, kept.secret); !written) {
    kept.troubles.push_back(written.error().message);
  }
  return kept;
}

Result<> KeepSecret(const std::string& path, const std::string& secret) {
  config::v1::PersistenceSecret message;
  message.set_secret(secret);
  return WriteState(path, message, "", 0600);
}

}  // namespace aloha::supervisor
