// The server side of TLS as a listener's settings ask for it: versions, suites, certificate, ALPN,
// tickets.
#ifndef ALOHA_WORKERS_TLS_SERVER_SIDE_H_
#define ALOHA_WORKERS_TLS_SERVER_SIDE_H_

#include <openssl/ssl.h>

#include "workers/runtime/error.h"

namespace aloha::tls {

struct ListenerSettings;

// What the handshakes of a listener share. The context refers to `settings`, which outlive it and
// every SSL made of it; their own `context` is not used here.
//
// ALPN: a client that offers protocols, none of which is in a list that is not empty, is refused
// with no_application_protocol (RFC 7301 section 3.2): a browser that was led to a mail port, or a
// client that speaks HTTP/2 only, is better told at once.
Result<bssl::UniquePtr<SSL_CTX>> MakeServerContext(const ListenerSettings& settings);

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_SERVER_SIDE_H_
