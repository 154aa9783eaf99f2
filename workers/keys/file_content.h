// What is in a file that somebody hands in: keys and certificates, before anybody asks whether they
// belong together.
#ifndef ALOHA_WORKERS_KEYS_FILE_CONTENT_H_
#define ALOHA_WORKERS_KEYS_FILE_CONTENT_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "workers/keys/certificate.h"
#include "workers/keys/private_key.h"
#include "workers/runtime/error.h"

namespace aloha::keys {

inline constexpr size_t kMaxFileBytes = 256 * 1024;
// Certificates, and keys, in one file.
inline constexpr size_t kMaxFileItems = 256;

struct FileContent {
  std::vector<EvpKey> keys;
  std::vector<Certificate> certificates;
};

// Reads PKCS#12, or PEM with anything in any order; told apart by what it begins with.
// kInvalidArgument with a text for people: "wrong password", "the file is neither …" …
Result<FileContent> ReadFileContent(std::span<const uint8_t> file, const std::string& password);

// Reads PEM alone (RFC 7468): certificates, and private keys in PKCS#1, PKCS#8 and SEC 1, encrypted
// or not (RFC 1421 headers, PBES2 and the older schemes). Other blocks are passed over.
Result<FileContent> ReadPem(std::span<const uint8_t> file, const std::string& password);

// The certificates of PEM, whatever else it holds; keys are not opened.
Result<std::vector<Certificate>> ReadPemCertificates(std::span<const uint8_t> file);

bool IsPem(std::span<const uint8_t> file);

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_FILE_CONTENT_H_
