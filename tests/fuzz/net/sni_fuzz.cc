// TLS ClientHellos: a name lies inside the input, and more bytes never take back what was found.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "workers/net/client_hello.h"

using aloha::net::ServerName;
using Kind = ServerName::Kind;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ServerName whole = aloha::net::ReadServerName(bytes);
  if (whole.kind == Kind::kFound) {
    if (whole.name.empty() || whole.name.size() > 255) abort();
    if (whole.name.data() < bytes.data()) abort();
    if (whole.name.data() + whole.name.size() > bytes.data() + bytes.size()) abort();
  }
  const ServerName half = aloha::net::ReadServerName(bytes.substr(0, size / 2));
  if (half.kind == Kind::kFound && (whole.kind != Kind::kFound || whole.name != half.name)) abort();
  if (half.kind == Kind::kAbsent && whole.kind == Kind::kFound) abort();
  return 0;
}
