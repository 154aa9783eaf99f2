// PROXY protocol headers: what is accepted must be bounded, be the same when seen in part, and
// survive being built again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "workers/net/proxy_protocol.h"

using aloha::net::ProxyHeader;
using Kind = ProxyHeader::Kind;

namespace {

void Require(bool holds) {
  if (!holds) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ProxyHeader header = aloha::net::ParseProxyHeader(bytes);
  if (header.kind != Kind::kLocal && header.kind != Kind::kAddresses) return 0;
  Require(header.length <= size && header.length <= aloha::net::kMaxProxyHeader);
  Require(aloha::net::ParseProxyHeader(bytes.substr(0, header.length)).kind == header.kind);
  Require(aloha::net::ParseProxyHeader(bytes.substr(0, header.length - 1)).kind ==
          Kind::kIncomplete);
  if (header.kind != Kind::kAddresses) return 0;
  char built[aloha::net::kMaxBuiltProxyHeader];
  for (const auto build : {aloha::net::BuildProxyHeaderV1, aloha::net::BuildProxyHeaderV2}) {
    const size_t length = build(header.source, header.destination, built);
    const ProxyHeader again = aloha::net::ParseProxyHeader({built, length});
    Require(again.kind == Kind::kAddresses && again.length == length);
    Require(again.source == header.source && again.destination == header.destination);
  }
  return 0;
}
