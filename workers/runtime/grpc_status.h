// Error and grpc::Status, one to the other; the only place where they meet.
#ifndef ALOHA_WORKERS_RUNTIME_GRPC_STATUS_H_
#define ALOHA_WORKERS_RUNTIME_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "workers/runtime/error.h"

namespace aloha {

grpc::Status ToStatus(const Error& error);
inline grpc::Status ToStatus(const Result<>& result) {
  return result ? grpc::Status::OK : ToStatus(result.error());
}
// status must not be OK.
Error FromStatus(const grpc::Status& status);

}  // namespace aloha

#endif  // ALOHA_WORKERS_RUNTIME_GRPC_STATUS_H_
