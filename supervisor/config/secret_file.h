// The secret of persistence, kept in a file.
#ifndef ALOHA_SUPERVISOR_CONFIG_SECRET_FILE_H_
#define ALOHA_SUPERVISOR_CONFIG_SECRET_FILE_H_

#include <string>
#include <vector>

#include "workers/runtime/error.h"

namespace aloha::supervisor {

struct KeptSecret {
  std::string secret;                 // kSecretBytes bytes
  bool fresh = false;                 // none was kept
  std::vector<std::string> troubles;  // what went wrong, a sentence each
};

// A new one, from the kernel's random numbers.
std::string MakeSecret();

// Reads the secret, or makes one and keeps it in the file (mode
// 0600, replaced atomically). A broken file is set aside. A fresh secret that cannot be kept serves
// until the process ends.
KeptSecret LoadSecret(const std::string& path);

// Keeps one that came from the other node.
Result<> KeepSecret(const std::string& path, const std::string& secret);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_SECRET_FILE_H_
