// From a file that somebody hands in, or from nothing, to a key with its certificate.
#ifndef ALOHA_WORKERS_KEYS_IMPORT_H_
#define ALOHA_WORKERS_KEYS_IMPORT_H_

#include <cstdint>
#include <span>
#include <string>

#include "worker/v1/roles.pb.h"
#include "workers/keys/private_key.h"
#include "workers/runtime/error.h"

namespace aloha::keys {

struct ImportedKey {
  PrivateKey key;
  worker::v1::ImportKeyResponse response;
};

// Reads, checks and puts in order. now_s: seconds since 1970-01-01 UTC, for the warnings.
// kInvalidArgument with a text for people.
Result<ImportedKey> ImportFile(std::span<const uint8_t> file, const std::string& password,
                               int64_t now_s);

// Certificates without a key, PEM or DER, at most 1 MiB. kInvalidArgument when there is none.
Result<worker::v1::ReadCertificatesResponse> ReadCertificates(std::span<const uint8_t> file);

// A new key, and a certificate that it signs for itself. kInvalidArgument: no name, a name that is
// none, days out of range.
Result<ImportedKey> CreateSelfSigned(const worker::v1::CreateSelfSignedRequest& request,
                                     int64_t now_s);

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_IMPORT_H_
