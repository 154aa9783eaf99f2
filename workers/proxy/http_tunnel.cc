// After 101 (RFC 9110 section 7.8) the connection carries bytes.
#include <sys/socket.h>

#include "workers/proxy/data_thread.h"
#include "workers/proxy/http_session.h"

namespace aloha::proxy {

void HttpSession::PumpTunnel(Side from) {
  Exchange& exchange = *exchange_;
  if (exchange.half_closed[from]) return;
  SendWithoutDelay();
  net::Flow& flow = from == kClient ? exchange.to_server : exchange.to_client;
  const uint64_t before = flow.bytes;
  Outcome outcome = Outcome::kDrained;
  if (from == kClient && !exchange.pending.empty()) {
    const iovec part{exchange.pending.data(), exchange.pending.size()};
    outcome = thread_.relay().Write(flow, ChannelOf(kServer), &part, 1);
    exchange.pending.clear();
  }
  if (outcome == Outcome::kDrained) {
    outcome = thread_.relay().Move(flow, ChannelOf(from), ChannelOf(Other(from)), ending_[from]);
  }
  const uint64_t moved = flow.bytes - before;
  if (from == kClient) {
    CountFromClient(moved);
    CountToServer(moved);
  } else {
    CountToClient(moved);
  }
  switch (outcome) {
    case Outcome::kDrained:
      readable_[from] = false;
      return;
    case Outcome::kBlocked:
    case Outcome::kLimit:  // none is set
      return;
    case Outcome::kUnfinished:
      return thread_.reactor().Again(fds_[from].get(), *this, from);
    case Outcome::kEnded:
      exchange.half_closed[from] = true;
      if (exchange.half_closed[Other(from)]) return End(Cause::kNormal, Moment::kNormal);
      ShutDown(Other(from));
      return;
    case Outcome::kInFailed:
      return End(from == kClient ? Cause::kClient : Cause::kServer);
    case Outcome::kOutFailed:
      return End(from == kClient ? Cause::kServer : Cause::kClient);
  }
}

}  // namespace aloha::proxy
