// Makes backups of everything that an administrator has set up, and restores them.
//
// What is secret in a backup, and private keys, are encrypted and opened by aloha-keys alone, with
// a passphrase that is sealed to it: nobody here knows it, and no private key comes here.
#ifndef ALOHA_SUPERVISOR_BACKUP_BACKUPS_H_
#define ALOHA_SUPERVISOR_BACKUP_BACKUPS_H_

#include <asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "admin/v1/backup.pb.h"
#include "config/v1/backup.pb.h"
#include "supervisor/backup/restore.h"
#include "supervisor/configurator.h"

namespace aloha::supervisor {

class Access;
class Certificates;
class Fleet;
class Machine;
class Services;
class TicketKeys;

class Backups {
 public:
  struct Parts {
    Fleet& fleet;
    Configurator& configurator;
    Certificates& certificates;
    TicketKeys& ticket_keys;
    Services& services;
    Machine& machine;
    Access& access;
    Events& events;
    std::function<void()> publish_ticket_keys;  // they are others now
  };
  struct Made {
    std::string bytes, file_name;
    admin::v1::BackupInfo info;
  };
  struct Plan {
    admin::v1::BackupInfo info;
    Sentences steps;                // none while the contents are not known
    std::vector<Problem> problems;  // with an error it would be refused
  };
  struct Restored {
    Configurator::Applied applied;
    Sentences steps;
  };
  // A file, and the passphrase sealed to aloha-keys; empty: none.
  struct Source {
    std::string bytes, sealed_passphrase;
  };
  struct Who {
    std::string actor, method;
  };

  explicit Backups(Parts parts) : parts_(std::move(parts)) {}

  // Errors of all as admin.v1.Backups tells them.
  asio::awaitable<Result<Made>> Create(std::string sealed_passphrase, bool with_private_keys);
  asio::awaitable<Result<Plan>> PreviewRestore(Source source);
  // `problems`: why it was refused.
  asio::awaitable<Result<Restored>> Restore(Source source, Who who, std::vector<Problem>* problems);
  // The configuration of a new machine, and nothing of what one has: the other way to put another
  // installation in the place of this one.
  asio::awaitable<Result<Configurator::Applied>> Erase(Who who);

 private:
  // What was read of a backup. Without content: it is encrypted, and no passphrase came with it.
  struct Opened {
    config::v1::BackupHeader header;
    std::optional<config::v1::BackupContent> content;
    std::set<std::string> keys;  // private keys, by the SHA-256 of their public keys
  };

  config::v1::BackupContent Gather() const;
  asio::awaitable<Result<std::vector<std::string>>> KeysToSeal();
  asio::awaitable<Result<std::set<std::string>>> HeldKeys();
  asio::awaitable<Result<Opened>> Open(const Source& source);
  asio::awaitable<Result<std::vector<std::string>>> TakeKeys(const Source& source);
  Sentences StepsOf(const Opened& opened, const std::set<std::string>& held,
                    const Configurator::Restoration& restoration) const;
  asio::awaitable<Result<Configurator::Applied>> PutInPlace(Configurator::Restoration restoration,
                                                            std::optional<config::v1::Access> users,
                                                            std::vector<std::string> fresh_keys);
  asio::awaitable<Result<>> EraseKeys();
  void RestoreRest(const config::v1::BackupContent& content);

  Parts parts_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_BACKUP_BACKUPS_H_
