// Message heads of HTTP/1.1 (RFC 9112), read strictly: what is invalid or ambiguous is refused,
// never repaired. Everything that is read points into the bytes it was read from.
#ifndef ALOHA_WORKERS_HTTP_HEAD_H_
#define ALOHA_WORKERS_HTTP_HEAD_H_

#include <cstddef>
#include <string_view>

#include "workers/http/body.h"
#include "workers/http/field.h"

namespace aloha::http {

// Longest head, its empty line included. Kerberos tickets need most of it.
inline constexpr size_t kMaxHead = 64 * 1024;
// Longest request target (414).
inline constexpr size_t kMaxTarget = 16 * 1024;
inline constexpr size_t kMaxMethod = 32;

// Finds the end of a head that arrives in pieces.
struct HeadEnd {
  enum class Kind { kIncomplete, kComplete, kBad };
  Kind kind = Kind::kIncomplete;
  size_t size = 0;  // kComplete: of the head, its empty line included
};
// bytes: the head from its beginning. *scanned: bytes that were looked at before, 0 at first. kBad:
// a CR or LF without the other.
HeadEnd FindHeadEnd(std::string_view bytes, size_t* scanned);

struct RequestHead {
  std::string_view method, target, line;  // line: with its CRLF
  Fields fields;
  BodyReader body;        // how the body ends
  int minor_version = 1;  // HTTP/1.0 or HTTP/1.1
  bool head_method = false;
  bool keep_alive = false;  // the client can send another request on this connection
  bool websocket = false;   // asks for an upgrade to WebSocket (RFC 6455)
  bool expects_continue = false;
  bool binds_connection =
      false;  // Authorization: NTLM or Negotiate, which authenticates connections
};

// Reads a whole head. Marks as dropped the fields that a proxy does not pass on (RFC 9110 section
// 7.6.1). On a refusal, method and target are there if they could be read.
Refusal ReadRequestHead(std::string_view bytes, RequestHead& head);

// Looks at the first line of a head that is not whole yet, so that what is no HTTP is refused
// before the rest has come. No refusal where the line is not whole either.
Refusal CheckRequestLine(std::string_view bytes);

struct ResponseHead {
  std::string_view line;  // with its CRLF
  Fields fields;
  BodyReader body;
  int status = 0;
  int minor_version = 1;
  bool keep_alive = false;  // the server keeps the connection
};

// The same of a response; refusals have the status 502. to_head: it answers a HEAD request.
// upgrade: the request asked for one, so 101 is possible.
Refusal ReadResponseHead(std::string_view bytes, bool to_head, bool upgrade, ResponseHead& head);

}  // namespace aloha::http

#endif  // ALOHA_WORKERS_HTTP_HEAD_H_
