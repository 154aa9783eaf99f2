// One line per HTTP request that ended.
#ifndef ALOHA_WORKERS_PROXY_HTTP_LOG_H_
#define ALOHA_WORKERS_PROXY_HTTP_LOG_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "workers/net/address.h"

namespace aloha::proxy {

// The text of the last second that was asked for. One per thread.
class LogClock {
 public:
  // "06/Feb/2026:12:12:09" in local time. Seconds since 1970-01-01 UTC; valid until the next call.
  std::string_view Local(int64_t second);
  // "2026-02-06T12:12:09" in UTC (RFC 3339 without fraction and zone).
  std::string_view Utc(int64_t second);

 private:
  int64_t local_second_ = INT64_MIN, utc_second_ = INT64_MIN;
  std::array<char, 20> local_{};
  std::array<char, 19> utc_{};
};

// What views refer to must live as long as the record.
struct RequestRecord {
  const net::Address& client;
  int64_t accepted_us = 0;  // its first byte, since 1970-01-01 UTC
  // The service of the listener, the service whose servers took it, the server (empty: none).
  std::string_view frontend, backend, server;
  // Towards the client, "TLSv1.3" and "TLS_AES_128_GCM_SHA256"; empty: in clear.
  std::string_view tls_version, tls_cipher;
  // Milliseconds (HAProxy configuration manual 2.6, section 8.4): TR until the head was there, Tw
  // in queues, Tc connecting, Tr until the response's head was there, Ta in all. -1: not reached.
  int64_t request_ms = -1, queue_ms = -1, connect_ms = -1, response_ms = -1, total_ms = 0;
  int status = -1;  // sent to the client; -1: none
  uint64_t bytes_to_client = 0, bytes_from_client = 0;
  // Termination state, section 8.5; the last two tell of the persistence cookie in the request and
  // in the response.
  char cause = '-', moment = '-', cookie_client = '-', cookie_server = '-';
  // Connections at the end: of the process, the frontend, the backend, the server.
  uint32_t process_sessions = 0, frontend_sessions = 0, backend_sessions = 0, server_sessions = 0;
  uint32_t retries = 0;
  bool redispatched = false;
  // Requests that were ahead in the queues.
  uint32_t server_queue = 0, backend_queue = 0;
  // As the client sent them, unescaped; "GET", "/owa/?a", "HTTP/1.1". An empty method: the request
  // could not be understood, and <BADREQ> is logged.
  std::string_view method, target, version;
  std::string_view request_id;  // empty: none
  std::string_view refused;     // why the proxy answered 400 or 502 itself; empty: it did not
};

// Appends HAProxy's HTTP log format (section 8.2.3; "~" behind the frontend: with TLS) without a
// line feed, then " tls:VERSION/CIPHER", " id:ID" and " reason:"…"" where there are such. From
// outside, only printable ASCII but for quotes, "#" and
// "\" passes; the rest becomes #XX (section 8.6). Method, target, version, id and reason are cut at
// 1,024 bytes each.
void AppendHttpLine(std::string& out, const RequestRecord& record, LogClock& clock);
// Appends the same facts as one JSON object; the time is UTC. Bytes that are not printable ASCII,
// and "\", become \xXX in the decoded string.
void AppendHttpJson(std::string& out, const RequestRecord& record, LogClock& clock);

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_HTTP_LOG_H_
