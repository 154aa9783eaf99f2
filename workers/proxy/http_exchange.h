// One request and its response.
#ifndef ALOHA_WORKERS_PROXY_HTTP_EXCHANGE_H_
#define ALOHA_WORKERS_PROXY_HTTP_EXCHANGE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "workers/http/head.h"
#include "workers/net/relay.h"
#include "workers/proxy/access_log.h"
#include "workers/proxy/http_log.h"
#include "workers/proxy/server.h"

namespace aloha::proxy {

// A message passes these in order.
enum class Progress : uint8_t { kHead, kBody, kDone };

// Lives from the first byte of a request to the last one of its response, and is used again for
// other requests then, so that its memory is not allocated each time.
struct Exchange {
  // Keeps the memory and the bytes in `pending`.
  void Reset();

  Progress request = Progress::kHead;
  Progress response = Progress::kHead;
  http::BodyReader request_body, response_body;
  net::Flow to_server, to_client;  // their limits are what is left of a body with a known length

  // Read from the client and not used yet: the beginning of a head, or what follows the request.
  std::string pending;
  size_t scanned = 0;            // bytes of it known to hold no end of a head
  std::string partial_response;  // the same of the server
  size_t response_scanned = 0;
  // The request as it was sent over a connection that had served before; sent again if that closes
  // without an answer. Empty: it may not be, or was already.
  std::string replay;

  bool keep_alive = false;      // the client connection survives
  bool server_keeps = false;    // the server connection survives
  bool to_head = false;         // a HEAD request
  bool websocket = false;       // asks for a tunnel
  bool tunnel = false;          // is one
  bool half_closed[2] = {};     // of a tunnel, by the side whose stream ended
  bool first_on_server = true;  // the server connection was made for it
  bool forwarded = false;       // a server is, or was, to answer it
  bool own_answer = false;      // the proxy answers itself
  bool binds = false;           // authenticates the server connection
  bool unread = false;          // refused before it was read to its end
  int minor_version = 1;
  int status = -1;
  Cause cause = Cause::kNormal;  // of an answer of the proxy's own
  Moment moment = Moment::kNormal;

  // For the log.
  int64_t began_us = 0;  // CLOCK_MONOTONIC, as all below
  int64_t head_us = 0, response_us = 0;
  uint64_t read_from_client = 0;
  std::string method, target;
  std::string request_id;
  const char* refused = "";
  std::shared_ptr<Server> given_up;  // the server that failed it
  char cookie_in_request = 'N', cookie_in_response = 'N';
  std::string cookie;  // value that the client sent
};

// What the sessions of one thread share: memory for the message in hand.
struct HttpScratch {
  static constexpr size_t kReadBytes = 64 * 1024;
  // Up to here copying a body behind its head costs less than sending two pieces.
  static constexpr size_t kCopiedBody = 4096;
  static constexpr size_t kSpare = 1024;  // exchanges kept

  HttpScratch() : in(new char[http::kMaxHead + kReadBytes]) {}

  std::unique_ptr<Exchange> Take();
  void Return(std::unique_ptr<Exchange> exchange);

  const std::unique_ptr<char[]> in;  // the beginning of a head, and one read behind it
  std::string out;                   // a head as it is passed on
  std::string path;
  std::string line;
  LogClock clock;
  http::RequestHead request;
  http::ResponseHead response;
  std::vector<std::unique_ptr<Exchange>> spare;
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_HTTP_EXCHANGE_H_
