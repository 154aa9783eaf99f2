// A small certification authority, made by the openssl command once for all tests of a process.
#ifndef ALOHA_TESTS_UNIT_KEYS_PKI_H_
#define ALOHA_TESTS_UNIT_KEYS_PKI_H_

#include "tests/unit/keys/scratch.h"

namespace aloha::keys {

// Files of its folder, each certificate with its key: root, middle (signed by root), then signed by
// middle: rsa (RSA 2048, mail.example.org), p256, p384, old (expired), future; apart from these
// other (signed by itself). NAME.pem is the certificate, NAME.key the key in PKCS#8. all.pem:
// rsa.pem, middle.pem and root.pem.
const Scratch& Pki();

}  // namespace aloha::keys

#endif  // ALOHA_TESTS_UNIT_KEYS_PKI_H_
