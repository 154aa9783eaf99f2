// A machine that changes hands: the configuration of a new one, and nothing else is left.
#include <fmt/format.h>

#include "supervisor/access/access.h"
#include "supervisor/access/accounts.h"
#include "supervisor/backup/backups.h"
#include "supervisor/certificates/certificates.h"
#include "supervisor/config/factory.h"
#include "supervisor/config/secret_file.h"

namespace aloha::supervisor {

// Also those that an earlier crash left without a certificate.
asio::awaitable<Result<>> Backups::EraseKeys() {
  const auto held = co_await HeldKeys();
  if (!held) co_return tl::make_unexpected(held.error());
  std::vector<std::string> keys(held->begin(), held->end());
  co_return co_await parts_.certificates.DeleteUnneeded(std::move(keys));
}

asio::awaitable<Result<Configurator::Applied>> Backups::Erase(Who who) {
  Configurator::Restoration restoration;
  restoration.config = FactoryConfig();
  restoration.certificates = [](const auto&) { return config::v1::StoredCertificates(); };
  restoration.actor = std::move(who.actor);
  restoration.method = std::move(who.method);
  restoration.origin = "factory reset, everything erased";
  restoration.secret = MakeSecret();
  restoration.final = true;
  auto applied = co_await PutInPlace(std::move(restoration), FirstAccess(), {});
  if (!applied) co_return applied;
  const auto keys = co_await EraseKeys();
  if (keys) co_return applied;
  co_return Fail(
      keys.error().code,
      fmt::format("all but private keys is erased; erase once more: {}", keys.error().message));
}

}  // namespace aloha::supervisor
