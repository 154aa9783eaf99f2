// The key folder: private keys and the sealing key, each in a file of its own.
//
// A file that is torn, foreign or locked is told about and left alone; nothing but Remove takes a
// file away.
#ifndef ALOHA_WORKERS_KEYS_KEY_STORE_H_
#define ALOHA_WORKERS_KEYS_KEY_STORE_H_

#include <string>
#include <vector>

#include "workers/keys/container.h"
#include "workers/keys/folder.h"
#include "workers/keys/private_key.h"
#include "workers/keys/sealing_key.h"
#include "workers/runtime/log.h"

namespace aloha::keys {

// Not for more than one thread at a time.
class KeyStore {
 public:
  // The log outlives the store. Reads the sealing key, and makes it where there is none.
  KeyStore(Folder folder, Passphrase passphrase, Log& log);

  // Every key that can be read. Files in clear are encrypted when there is a passphrase.
  std::vector<PrivateKey> Load();
  // kFailedPrecondition while the folder is locked: the key would be encrypted with another
  // passphrase than the rest.
  Result<> Save(const PrivateKey& key);
  // kNotFound.
  Result<> Remove(const KeyHash& hash);

  // Any other content, in a file of this name. kNotFound; kFailedPrecondition: it is locked or
  // damaged, and left alone.
  Result<SecretBytes> LoadSecret(const std::string& name, Content content);
  // kFailedPrecondition as Save.
  Result<> SaveSecret(const std::string& name, Content content, std::span<const uint8_t> secret);
  // kNotFound.
  Result<> RemoveSecret(const std::string& name);

  // Whoever has access to the folder has said, by a file there, that private keys may leave this
  // machine in a backup: nobody else can.
  bool AllowsBackup() const;

  // kFailedPrecondition while the folder is locked.
  Result<const SealingKey*> sealing_key() const;
  // Why what is in the folder cannot be used, for people; empty: it can.
  std::vector<std::string> Limitations() const;

 private:
  void LoadSealingKey();
  // Opens one container; tells what is wrong with it.
  Result<OpenedContainer> Open(const std::string& name, Content content);
  // Encrypts a file that was in clear when the passphrase came later than it.
  void Protect(const std::string& name, Content content, const OpenedContainer& opened);
  Result<> Write(const std::string& name, Content content, std::span<const uint8_t> secret);

  Folder folder_;
  Passphrase passphrase_;
  Log& log_;
  std::optional<SealingKey> sealing_key_;
  bool locked_ = false;  // the sealing key is, and so is whatever was written with it
  size_t num_locked_ = 0, num_unusable_ = 0;
};

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_KEY_STORE_H_
