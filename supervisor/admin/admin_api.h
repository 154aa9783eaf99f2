// The whole management API, aloha.admin.v1, as one gRPC server.
#ifndef ALOHA_SUPERVISOR_ADMIN_ADMIN_API_H_
#define ALOHA_SUPERVISOR_ADMIN_ADMIN_API_H_

#include <grpcpp/server.h>

#include <memory>

#include "supervisor/admin/handler.h"

namespace aloha::supervisor {

class AdminApi {
 public:
  explicit AdminApi(AdminContext context);
  ~AdminApi();

  // Serves the connections that it is given; listens to nothing by itself.
  grpc::Server* server() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_ADMIN_API_H_
