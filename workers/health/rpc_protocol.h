// A connection-oriented DCE/RPC bind (C706 chapter 12, [MS-RPCE] 2.2.2) to the endpoint mapper.
#ifndef ALOHA_WORKERS_HEALTH_RPC_PROTOCOL_H_
#define ALOHA_WORKERS_HEALTH_RPC_PROTOCOL_H_

#include <memory>

#include "workers/health/protocol.h"

namespace aloha::health {

// Sends a bind to interface e1af8308-5d1f-11c9-91a4-08002b14a0fa version 3.0 with NDR as transfer
// syntax (C706 appendices O and I). Success: a bind_ack whose first result is acceptance. A
// bind_nak, a refused context, another PDU, and anything malformed or above 5,840 bytes fail with
// the reason.
std::unique_ptr<Dialogue> MakeEndpointMapperDialogue();

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_RPC_PROTOCOL_H_
