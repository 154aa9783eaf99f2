// Reads the server name from a TLS ClientHello without terminating TLS.
#ifndef ALOHA_WORKERS_NET_CLIENT_HELLO_H_
#define ALOHA_WORKERS_NET_CLIENT_HELLO_H_

#include <cstddef>
#include <string_view>

namespace aloha::net {

// Most bytes worth looking at: one whole TLS record with its header.
inline constexpr size_t kMaxClientHello = 5 + 16384;

struct ServerName {
  enum class Kind {
    kIncomplete,  // a ClientHello so far: more bytes may show a name
    kAbsent,      // no ClientHello, a malformed one, or one without a name
    kFound,
  };
  Kind kind = Kind::kAbsent;
  std::string_view name;  // inside `bytes`, unescaped
};

// Looks for server_name (RFC 6066 section 3) in the ClientHello (RFC 8446 section 4.1.2) that
// `bytes` begins with. A ClientHello spread over several records is not followed.
ServerName ReadServerName(std::string_view bytes);

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_CLIENT_HELLO_H_
