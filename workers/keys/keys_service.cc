#include "workers/keys/keys_service.h"

#include "workers/runtime/serve.h"

namespace aloha::keys {

namespace v1 = worker::v1;
using Reactor = grpc::ServerUnaryReactor;
using Call = grpc::CallbackServerContext;

Reactor* KeysService::GetSealingKey(Call* call, const v1::GetSealingKeyRequest*,
                                    v1::GetSealingKeyResponse* response) {
  return ServeOnLoop(loop_, call, [this, response]() -> Result<> {
    Result<std::string> key = engine_.SealingPublicKey();
    if (!key) return tl::make_unexpected(key.error());
    response->set_public_key(std::move(*key));
    return {};
  });
}

Reactor* KeysService::ImportKey(Call* call, const v1::ImportKeyRequest* request,
                                v1::ImportKeyResponse* response) {
  return ServeLater(loop_, call, [this, request, response](Engine::Done done) {
    engine_.Import(*request, *response, std::move(done));
  });
}

Reactor* KeysService::CreateSelfSigned(Call* call, const v1::CreateSelfSignedRequest* request,
                                       v1::ImportKeyResponse* response) {
  return ServeLater(loop_, call, [this, request, response](Engine::Done done) {
    engine_.Create(*request, *response, std::move(done));
  });
}

Reactor* KeysService::ListKeys(Call* call, const v1::ListKeysRequest*,
                               v1::ListKeysResponse* response) {
  return ServeOnLoop(loop_, call, [this, response]() -> Result<> {
    engine_.List(*response);
    return {};
  });
}

Reactor* KeysService::DeleteKey(Call* call, const v1::DeleteKeyRequest* request,
                                v1::DeleteKeyResponse*) {
  return ServeLater(loop_, call, [this, request](Engine::Done done) {
    engine_.Delete(*request, std::move(done));
  });
}

Reactor* KeysService::ReadCertificates(Call* call, const v1::ReadCertificatesRequest* request,
                                       v1::ReadCertificatesResponse* response) {
  return ServeLater(loop_, call, [this, request, response](Engine::Done done) {
    engine_.Read(*request, *response, std::move(done));
  });
}

}  // namespace aloha::keys
