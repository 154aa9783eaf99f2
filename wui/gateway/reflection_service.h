// gRPC service grpc.reflection.v1alpha.ServerReflection, for one remote administrator.
#ifndef ALOHA_WUI_GATEWAY_REFLECTION_SERVICE_H_
#define ALOHA_WUI_GATEWAY_REFLECTION_SERVICE_H_

#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "wui/gateway/behalf.h"

namespace aloha::gateway {

class ReflectionService final
    : public grpc::reflection::v1alpha::ServerReflection::CallbackService {
 public:
  // It outlives the service.
  explicit ReflectionService(const Behalf& behalf) : behalf_(behalf) {}

  grpc::ServerBidiReactor<grpc::reflection::v1alpha::ServerReflectionRequest,
                          grpc::reflection::v1alpha::ServerReflectionResponse>*
  ServerReflectionInfo(grpc::CallbackServerContext* call) override;

 private:
  const Behalf& behalf_;
};

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_REFLECTION_SERVICE_H_
