// One line per ended session.
#ifndef ALOHA_WORKERS_PROXY_ACCESS_LOG_H_
#define ALOHA_WORKERS_PROXY_ACCESS_LOG_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "workers/net/address.h"

namespace aloha::proxy {

// The first letter of the termination state: who or what ended the session (HAProxy configuration
// manual 2.6, section 8.5). Upper case: an abort; lower case: a timeout.
enum class Cause : char {
  kNormal = '-',
  kClient = 'C',
  kServer = 'S',
  kClientTimeout = 'c',
  kServerTimeout = 's',
  kServerDown = 'D',
  kKilled = 'K',
  kResource = 'R',
  kDenied = 'P',
  kLocal = 'L',  // answered here as the configuration says
};
// The second letter: what the session was doing.
enum class Moment : char {
  kNormal = '-',
  kHeader = 'R',  // waiting for its PROXY protocol header, or for the head of a request
  kQueue = 'Q',
  kConnect = 'C',
  kResponse = 'H',  // waiting for the head of a response
  kData = 'D',
};

struct SessionRecord {
  net::Address client;
  int64_t accepted_us = 0;  // since 1970-01-01 UTC
  std::string service;
  std::string server;  // empty: none was reached
  // Milliseconds: waiting in queues, connecting, in all; -1: not reached.
  int64_t queue_ms = -1, connect_ms = -1, total_ms = 0;
  uint64_t bytes_from_client = 0, bytes_to_client = 0;
  Cause cause = Cause::kNormal;
  Moment moment = Moment::kNormal;
  // Sessions at the end: of the process, the service, the server.
  uint32_t process_sessions = 0, service_sessions = 0, server_sessions = 0;
  uint32_t retries = 0;
  bool redispatched = false;
  // Sessions that were ahead in the queues.
  uint32_t server_queue = 0, service_queue = 0;
  std::string sni;  // escaped; empty: none seen
  // Towards the client, "TLSv1.3" and "TLS_AES_128_GCM_SHA256"; empty: in clear.
  std::string_view tls_version, tls_cipher;
};

// HAProxy's TCP log format (configuration manual 2.6, section 8.2.2; "~" behind the frontend: with
// TLS), in local time, then " sni:NAME" and " tls:VERSION/CIPHER" where there are such.
std::string FormatAccessLine(const SessionRecord& record);
// The same facts as one JSON object; the time is UTC.
std::string FormatAccessJson(const SessionRecord& record);

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_ACCESS_LOG_H_
