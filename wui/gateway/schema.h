// The management API as it describes itself: its services, and the files that describe them, out of
// what protoc generated. Nothing else that this program knows is shown.
#ifndef ALOHA_WUI_GATEWAY_SCHEMA_H_
#define ALOHA_WUI_GATEWAY_SCHEMA_H_

#include <string>
#include <vector>

#include "grpc/reflection/v1alpha/reflection.pb.h"

namespace aloha::gateway {

// "aloha.admin.v1.Certificates" …, the health service and reflection itself; sorted.
const std::vector<std::string>& ServiceNames();
// One of these, or "" for all of them.
bool KnowsService(const std::string& name);

// The answer to one question, an ErrorResponse where there is no other.
grpc::reflection::v1alpha::ServerReflectionResponse Reflect(
    const grpc::reflection::v1alpha::ServerReflectionRequest& request);

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_SCHEMA_H_
