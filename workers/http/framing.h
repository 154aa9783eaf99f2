// Where a message ends (RFC 9112 section 6), and what its connection fields mean.
#ifndef ALOHA_WORKERS_HTTP_FRAMING_H_
#define ALOHA_WORKERS_HTTP_FRAMING_H_

#include <cstddef>
#include <cstdint>

#include "workers/http/field.h"

namespace aloha::http {

// What the fields say of the body.
struct Framing {
  bool chunked = false;
  bool has_length = false;
  uint64_t length = 0;
};

// Refused with `status`: both fields, either twice, any transfer coding but "chunked" alone, a
// length that is not plain digits below 2^63, chunks in HTTP/1.0; and what llhttp, which reads the
// same lines for a second opinion, refuses or reads otherwise.
Refusal ReadFraming(const Fields& fields, std::string_view lines, bool request, int minor_version,
                    uint16_t status, Framing& framing);

// More fields named by the Connection fields of one head are refused (400, 502): each is looked for
// among all fields.
inline constexpr size_t kMaxNamedFields = 64;

// What the Connection fields say.
struct ConnectionOptions {
  bool close = false, keep_alive = false, upgrade = false;
  size_t named = 0;  // other fields
};
// Marks as dropped the connection's own fields and those that they name; fields that frame, route
// or authenticate a message cannot be dropped so.
ConnectionOptions TakeConnectionFields(Fields& fields);

}  // namespace aloha::http

#endif  // ALOHA_WORKERS_HTTP_FRAMING_H_
