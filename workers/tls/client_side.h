// The client side of TLS, towards servers: what is offered, what they must prove.
#ifndef ALOHA_WORKERS_TLS_CLIENT_SIDE_H_
#define ALOHA_WORKERS_TLS_CLIENT_SIDE_H_

#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "worker/v1/snapshot.pb.h"
#include "workers/net/address.h"
#include "workers/runtime/error.h"
#include "workers/tls/certificate.h"
#include "workers/tls/handshake_stats.h"
#include "workers/tls/server_sessions.h"

namespace aloha::tls {

// TLS towards the servers that have these settings in common. A handshake keeps those it began
// with.
struct ServerSettings {
  std::string name;
  worker::v1::ServerVerify verify = worker::v1::SERVER_VERIFY_UNSPECIFIED;
  std::array<uint8_t, 32> pin_sha256{};            // where verify is PIN
  std::string server_name;                         // empty: the address is expected
  std::shared_ptr<const Certificate> certificate;  // shown on request; null: none
  // What the sessions depend on: those of other settings must not be resumed.
  std::string identity;
  std::shared_ptr<ServerSessions> sessions;
  std::shared_ptr<HandshakeStats> stats;
  bssl::UniquePtr<SSL_CTX> context;
};

// Sets the settings' context, which refers to them: they outlive every SSL made of it. TLS 1.2 and
// 1.3, with ECDHE; CBC suites too, since Windows Server before 2016 has no others for RSA
// certificates. Older versions are spoken with clients only, where the administrator says so:
// every Exchange that is still served speaks TLS 1.2 when it is up to date.
//
// A certificate is shown in TLS 1.3 alone: what a client signs in TLS 1.2 is the whole handshake,
// in no form that aloha-keys could check.
//
// kInvalidArgument, with the field below `field`: a trust anchor or protocol is none.
Result<> MakeClientContext(const worker::v1::TlsServer& message, const std::string& field,
                           ServerSettings& settings);

// Makes an SSL of that context ready for a server: its name or address is asked for and expected,
// and a session that it gave before is offered. False: out of memory.
bool AimAt(SSL* ssl, const ServerSettings& settings, const net::Address& server);

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_CLIENT_SIDE_H_
