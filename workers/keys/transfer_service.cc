#include "workers/keys/transfer_service.h"

#include <utility>

#include "workers/keys/transfer.h"
#include "workers/runtime/serve.h"

namespace aloha::keys {
namespace v1 = worker::v1;
namespace {

std::string_view AsText(const SecretBytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const uint8_t> AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

TransferService::Reactor* TransferService::SealKey(Call* call, const v1::SealKeyRequest* request,
                                                   v1::SealKeyResponse* response) {
  return ServeLater(loop_, call, [this, request, response](Engine::Done done) {
    engine_.SealKey(*request, *response, std::move(done));
  });
}

TransferService::Reactor* TransferService::TakeKey(Call* call, const v1::TakeKeyRequest* request,
                                                   v1::TakeKeyResponse* response) {
  return ServeLater(loop_, call, [this, request, response](Engine::Done done) {
    engine_.TakeKey(*request, *response, std::move(done));
  });
}

TransferService::Reactor* TransferService::SealSecret(Call* call,
                                                      const v1::SealSecretRequest* request,
                                                      v1::SealSecretResponse* response) {
  const auto work = [request, response](Node& node) -> Result<> {
    if (request->secret().size() > kMaxSecretBytes)
      return Fail(Code::kInvalidArgument, "larger than 1 MiB", "secret");
    auto sealed =
        node.Seal(AsText(WrapSecret(Purpose::kSupervisorSecret, AsBytes(request->secret()))));
    if (!sealed) return tl::make_unexpected(sealed.error());
    response->set_sealed(std::move(*sealed));
    return {};
  };
  return ServeLater(loop_, call,
                    [this, work](Engine::Done done) { engine_.WithNode(work, std::move(done)); });
}

TransferService::Reactor* TransferService::OpenSecret(Call* call,
                                                      const v1::OpenSecretRequest* request,
                                                      v1::OpenSecretResponse* response) {
  const auto work = [request, response](Node& node) -> Result<> {
    const Result<SecretBytes> opened = node.Open(request->sealed());
    if (!opened) return tl::make_unexpected(opened.error());
    const auto secret = UnwrapSecret(Purpose::kSupervisorSecret, *opened);
    if (!secret) return tl::make_unexpected(secret.error());
    response->set_secret(secret->data(), secret->size());
    return {};
  };
  return ServeLater(loop_, call,
                    [this, work](Engine::Done done) { engine_.WithNode(work, std::move(done)); });
}

}  // namespace aloha::keys
