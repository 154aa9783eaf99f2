// Private keys to and from the paired node.
#include <fmt/format.h>

#include <utility>

#include "workers/keys/engine.h"
#include "workers/keys/transfer.h"

namespace aloha::keys {

void Engine::SealKey(const worker::v1::SealKeyRequest& request,
                     worker::v1::SealKeyResponse& response, Done done) {
  const std::optional<KeyHash> hash = ToKeyHash(request.key());
  if (!hash) return done(Fail(Code::kInvalidArgument, "not a SHA-256", "key"));
  const auto found = kept_.find(*hash);
  // Those read from files are the other node's to read from its own.
  if (found == kept_.end() || !found->second.stored)
    return done(Fail(Code::kNotFound, "no such key"));
  const auto work = [held = found->second.held, &response](Node& node) -> Result<> {
    const Result<SecretBytes> wrapped = WrapKey(held->key);
    if (!wrapped) return tl::make_unexpected(wrapped.error());
    auto sealed = node.Seal({reinterpret_cast<const char*>(wrapped->data()), wrapped->size()});
    if (!sealed) return tl::make_unexpected(sealed.error());
    response.set_sealed(std::move(*sealed));
    return {};
  };
  WithNode(work, [this, hash, done](const Result<>& sealed) {
    if (sealed) log_.Info(fmt::format("key {} is sealed for the paired node", ToHex(*hash)));
    done(sealed);
  });
}

void Engine::TakeKey(const worker::v1::TakeKeyRequest& request,
                     worker::v1::TakeKeyResponse& response, Done done) {
  const auto taken = std::make_shared<std::optional<PrivateKey>>();
  const auto work = [this, taken, &request](Node& node) -> Result<> {
    const Result<SecretBytes> opened = node.Open(request.sealed());
    if (!opened) return tl::make_unexpected(opened.error());
    Result<PrivateKey> key = UnwrapKey(*opened);
    if (!key) return tl::make_unexpected(key.error());
    if (auto saved = store_.Save(*key); !saved) return saved;
    *taken = std::move(*key);
    return {};
  };
  WithNode(work, [this, taken, &response, done](const Result<>& result) {
    if (!result) return done(result);
    PrivateKey& key = **taken;
    const auto known = kept_.find(key.hash());
    response.set_key(key.hash().data(), key.hash().size());
    response.set_fresh(known == kept_.end() || !known->second.stored);
    log_.Info(
        fmt::format("key {} of the paired node is kept: {}", ToHex(key.hash()), key.TypeName()));
    Hold(std::move(key), true);
    Publish();
    done({});
  });
}

}  // namespace aloha::keys
