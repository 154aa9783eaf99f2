// The proxy's end of the channel to aloha-tls: connections come back with their keys, handshakes
// are asked for (handoff.proto).
#ifndef ALOHA_WORKERS_PROXY_TLS_LINK_H_
#define ALOHA_WORKERS_PROXY_TLS_LINK_H_

#include <memory>

#include "handoff/v1/handoff.pb.h"
#include "workers/net/address.h"
#include "workers/net/tls_stream.h"
#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::proxy {

// Shared by the data threads, which all read from it and write to it: a packet goes to one of them.
class TlsLink {
 public:
  explicit TlsLink(UniqueFd socket) : socket_(std::move(socket)) {}

  int fd() const { return socket_.get(); }
  // Errors as SendPacket. The descriptor (-1: none) stays the caller's.
  Result<> Send(const handoff::v1::ToTls& message, int descriptor) const;
  struct Arrival {
    handoff::v1::FromTls message;
    UniqueFd socket;  // empty: none came along
  };
  // kResourceExhausted: nothing waits; kUnavailable: aloha-tls is gone; kInvalidArgument: not a
  // message.
  Result<Arrival> Receive() const;

 private:
  const UniqueFd socket_;
};

// What came with a connection, verified.
struct Handover {
  UniqueFd socket;
  std::unique_ptr<net::TlsStream> tls;
  net::Address peer, local;  // as the kernel knows them
};

// Trusts little of what it gets: the descriptor must be a connected TCP socket, the keys must be in
// their ranges.
Result<Handover> TakeHandover(TlsLink::Arrival arrival, net::TlsContextCache& cache);

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_TLS_LINK_H_
