// What a remote administrator's tool says in metadata and asks of reflection.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "wui/gateway/behalf.h"
#include "wui/gateway/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace aloha::gateway;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view token = BearerToken(text);
  if (!token.empty() && (!text.ends_with(token) || token.size() > 512 ||
                         token.find_first_of(" ,\r\n") != std::string_view::npos))
    abort();
  // Whatever is asked, one kind of answer comes, and nothing of what workers say to each other.
  grpc::reflection::v1alpha::ServerReflectionRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return 0;
  const auto response = Reflect(request);
  if (response.message_response_case() == response.MESSAGE_RESPONSE_NOT_SET) abort();
  for (const auto& service : response.list_services_response().service()) {
    if (service.name().find("worker") != std::string::npos) abort();
  }
  return 0;
}
