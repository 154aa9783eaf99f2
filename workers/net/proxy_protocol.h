// The PROXY protocol, versions 1 and 2 (HAProxy's doc/proxy-protocol.txt, sections 2.1 and 2.2).
#ifndef ALOHA_WORKERS_NET_PROXY_PROTOCOL_H_
#define ALOHA_WORKERS_NET_PROXY_PROTOCOL_H_

#include <cstddef>
#include <string_view>

#include "workers/net/address.h"

namespace aloha::net {

// Longest header that is accepted; version 2 allows 65,551 bytes, for TLVs nobody sends.
inline constexpr size_t kMaxProxyHeader = 4096;
// Longest header that is built.
inline constexpr size_t kMaxBuiltProxyHeader = 107;

struct ProxyHeader {
  enum class Kind {
    kIncomplete,  // a valid beginning: wait for more bytes
    kInvalid,     // not a header, or of a family that is no TCP: close the connection
    kLocal,       // names no client (LOCAL, UNKNOWN, UNSPEC): the peer's own address holds
    kAddresses,   // source and destination are set
  };
  Kind kind = Kind::kInvalid;
  size_t length = 0;  // bytes of the header, for kLocal and kAddresses
  Address source, destination;
};

// Reads the header at the beginning of `bytes`, which may hold less or more than it.
ProxyHeader ParseProxyHeader(std::string_view bytes);

// Write a header for a connection from `source` to `destination`; returns its length. If one is
// IPv4 and the other is not, both are written as IPv6.
size_t BuildProxyHeaderV1(const Address& source, const Address& destination,
                          char (&out)[kMaxBuiltProxyHeader]);
size_t BuildProxyHeaderV2(const Address& source, const Address& destination,
                          char (&out)[kMaxBuiltProxyHeader]);

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_PROXY_PROTOCOL_H_
