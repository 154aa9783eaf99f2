// Encrypted backups.
#include <fmt/format.h>

#include <utility>

#include "workers/keys/backup.h"
#include "workers/keys/engine.h"

namespace aloha::keys {

Result<OpenedBackup> Engine::Open(const worker::v1::OpenBackupRequest& request) {
  const Result<const SealingKey*> sealing = store_.sealing_key();
  if (!sealing) return tl::make_unexpected(sealing.error());
  Result<Passphrase> passphrase = OpenPassphrase(**sealing, request.sealed_passphrase());
  if (!passphrase) return tl::make_unexpected(passphrase.error());
  return keys::OpenBackup(*passphrase, request.header(), request.sealed());
}

void Engine::SealBackup(const worker::v1::SealBackupRequest& request,
                        worker::v1::SealBackupResponse& response, Done done) {
  if (request.keys_size() > static_cast<int>(kMaxBackupKeys))
    return done(Fail(Code::kInvalidArgument, "more than 1,000", "keys"));
  std::vector<std::shared_ptr<HeldKey>> held;
  for (const std::string& bytes : request.keys()) {
    const std::optional<KeyHash> hash = ToKeyHash(bytes);
    if (!hash) return done(Fail(Code::kInvalidArgument, "not a SHA-256", "keys"));
    const auto found = kept_.find(*hash);
    if (found == kept_.end() || !found->second.stored)
      return done(Fail(Code::kNotFound, fmt::format("no key {} is kept here", ToHex(*hash))));
    held.push_back(found->second.held);
  }
  const auto work = [this, held, &request, &response]() -> Result<> {
    if (!held.empty() && !store_.AllowsBackup())
      return Fail(Code::kFailedPrecondition,
                  "private keys may not leave this machine: the key folder has no file "
                  "allow-backup; make one there, or leave private keys out");
    const Result<const SealingKey*> sealing = store_.sealing_key();
    if (!sealing) return tl::make_unexpected(sealing.error());
    Result<Passphrase> passphrase = OpenPassphrase(**sealing, request.sealed_passphrase());
    if (!passphrase) return tl::make_unexpected(passphrase.error());
    std::vector<const PrivateKey*> keys;
    for (const auto& one : held) keys.push_back(&one->key);
    auto sealed = keys::SealBackup(*passphrase, request.header(), request.content(), keys);
    if (!sealed) return tl::make_unexpected(sealed.error());
    response.set_sealed(std::move(*sealed));
    return {};
  };
  InTurn(work, [this, count = held.size(), done](const Result<>& sealed) {
    if (sealed && count > 0) log_.Info(fmt::format("{} keys are sealed for a backup", count));
    done(sealed);
  });
}

void Engine::OpenBackup(const worker::v1::OpenBackupRequest& request,
                        worker::v1::OpenBackupResponse& response, Done done) {
  const auto work = [this, &request, &response]() -> Result<> {
    const Result<OpenedBackup> opened = Open(request);
    if (!opened) return tl::make_unexpected(opened.error());
    response.set_content(opened->content.data(), opened->content.size());
    for (const PrivateKey& key : opened->keys)
      response.add_keys(key.hash().data(), key.hash().size());
    return {};
  };
  InTurn(work, std::move(done));
}

void Engine::TakeBackupKeys(const worker::v1::OpenBackupRequest& request,
                            worker::v1::TakeBackupKeysResponse& response, Done done) {
  const auto taken = std::make_shared<std::vector<PrivateKey>>();
  std::set<KeyHash> stored;
  for (const auto& [hash, kept] : kept_) {
    if (kept.stored) stored.insert(hash);
  }
  const auto work = [this, taken, stored = std::move(stored), &request]() -> Result<> {
    Result<OpenedBackup> opened = Open(request);
    if (!opened) return tl::make_unexpected(opened.error());
    std::erase_if(opened->keys, [&](const PrivateKey& key) { return stored.contains(key.hash()); });
    for (size_t i = 0; i < opened->keys.size(); ++i) {
      const Result<> saved = store_.Save(opened->keys[i]);
      if (saved) continue;
      for (size_t j = 0; j < i; ++j) (void)store_.Remove(opened->keys[j].hash());
      return saved;
    }
    *taken = std::move(opened->keys);
    return {};
  };
  InTurn(work, [this, taken, &response, done](const Result<>& result) {
    if (!result) return done(result);
    for (PrivateKey& key : *taken) {
      response.add_fresh(key.hash().data(), key.hash().size());
      log_.Info(fmt::format("key {} of a backup is kept: {}", ToHex(key.hash()), key.TypeName()));
      Hold(std::move(key), true);
    }
    Publish();
    done({});
  });
}

}  // namespace aloha::keys
