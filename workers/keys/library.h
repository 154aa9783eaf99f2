// What differs between the two crypto libraries: library_openssl.cc and library_boringssl.cc, of
// which a process links one.
#ifndef ALOHA_WORKERS_KEYS_LIBRARY_H_
#define ALOHA_WORKERS_KEYS_LIBRARY_H_

#include <span>
#include <string>

#include "workers/keys/file_content.h"
#include "workers/runtime/error.h"

namespace aloha::keys {

// Loads what the library reads from files. Before confinement, with one thread.
Result<> PrepareLibrary();

// Opens PKCS#12 (RFC 7292) with the older encodings (RC2-40, 3DES) and PBES2. Errors as
// ReadFileContent.
Result<FileContent> ReadPkcs12(std::span<const uint8_t> file, const std::string& password);

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_LIBRARY_H_
