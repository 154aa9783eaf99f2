// Why a supervisor is not reached, for people: gRPC knows, and does not say.
#ifndef ALOHA_CLI_DIAGNOSIS_H_
#define ALOHA_CLI_DIAGNOSIS_H_

#include <string>

namespace aloha::cli {

struct ConnectionOptions;

// Of a local socket, found by one more connect.
std::string DiagnoseSocket(const std::string& path);

// Of HOST:PORT, found by one more connect and TLS handshake with the same certificates; takes at
// most ten seconds.
std::string DiagnoseAddress(const ConnectionOptions& options);

}  // namespace aloha::cli

#endif  // ALOHA_CLI_DIAGNOSIS_H_
