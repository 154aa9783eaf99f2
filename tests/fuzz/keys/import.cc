// What comes in as a file with certificate and key, without a password: PEM and PKCS#12; and as
// certificates alone.
#include "workers/keys/import.h"

#include <sodium/core.h>

#include <cstdint>
#include <cstdlib>

#include "workers/keys/library.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  return sodium_init() < 0 || !aloha::keys::PrepareLibrary() ? 1 : 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int64_t kNow = 1'800'000'000;
  const auto imported = aloha::keys::ImportFile({data, size}, "", kNow);
  // What is told must be fit for a protobuf string.
  aloha::worker::v1::ImportKeyResponse again;
  if (imported && !again.ParseFromString(imported->response.SerializeAsString())) abort();
  const auto read = aloha::keys::ReadCertificates({data, size});
  aloha::worker::v1::ReadCertificatesResponse certificates;
  if (read && !certificates.ParseFromString(read->SerializeAsString())) abort();
  return 0;
}
