// One HTTP/1.1 request; status and body decide (RFC 9110, RFC 9112).
#ifndef ALOHA_WORKERS_HEALTH_HTTP_PROTOCOL_H_
#define ALOHA_WORKERS_HEALTH_HTTP_PROTOCOL_H_

#include <memory>
#include <string>

#include "worker/v1/snapshot.pb.h"
#include "workers/health/protocol.h"

namespace aloha::health {

// The Host header of an HTTP check: what it names, else its address, with the port where that is
// not the scheme's own.
std::string HttpAuthority(const worker::v1::Check& check);

// Sends one request with "Connection: close". Success: the status of the final response is expected
// and, where a text is asked for, it stands in the first 64 KiB of the decoded body. Interim
// responses (1xx) are skipped. The head may have 16 KiB. Without a text to find the body is not
// waited for.
std::unique_ptr<Dialogue> MakeHttpDialogue(const worker::v1::HttpCheck& check,
                                           const std::string& authority);

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_HTTP_PROTOCOL_H_
