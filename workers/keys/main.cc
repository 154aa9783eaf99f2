// NAME
//   aloha-keys - holds the private keys, and signs handshakes with them
//
// SYNOPSIS
//   aloha-keys --key-dir FOLDER [--secrets-dir FOLDER]
//
// WHAT IT DOES
//   It is the only process that ever sees a private key. aloha-tls, which does the handshakes,
//   sends it what a handshake has signed, in batches; threads of their own, one for each core and
//   at most four, check, hash and sign it. It takes in files with certificate and key (PKCS#12,
//   PEM), makes certificates signed by themselves, and gives out everything of them but the private
//   key.
//
// WHAT IT SERVES
//   aloha.worker.v1.Worker: the snapshot (which keys may sign, how often), the log; see
//   workers/runtime.
//
//   aloha.worker.v1.Keys: GetSealingKey, ImportKey, CreateSelfSigned, ListKeys, DeleteKey,
//   ReadCertificates; WatchCertificateFiles, what stands in the files of the snapshot, then what
//   changes.
//
//   aloha.worker.v1.KeyTransfer: SealKey, TakeKey, private keys for and from the aloha-keys of the
//   paired node; SealSecret, OpenSecret, what its supervisor alone may read.
//
//   aloha.worker.v1.KeyBackup: SealBackup, OpenBackup, TakeBackupKeys, private keys to and from a
//   backup that is encrypted with a passphrase.
//
//   The direct channels to aloha-tls, aloha-wui and aloha-gateway: packets of SignRequests,
//   answered by SignResponses in any order.
//
// FILES
//   key-dir       Belongs to the user of this process alone (mode 0700, files 0600). One file for
//                 each private key, HEX.key after the SHA-256 of its public key, and sealing-key;
//                 see container.h. Each is written whole or not at all. allow-backup, made by
//                 whoever administers the machine: private keys may leave it in a backup.
//   secrets-dir   Read alone. key-passphrase: the files of key-dir are encrypted with it (Argon2id,
//                 XChaCha20-Poly1305); read when the process starts. Those in clear are encrypted
//                 then. Certificate files of the snapshot: PEM with key and chain, or a folder with
//                 tls.crt and tls.key; read again when they change. Their keys are kept in memory
//                 alone.
//
// SECURITY
//   Signatures only, no decryption: there is no call for it. Signed is what has the form of a TLS
//   1.3 CertificateVerify or a TLS 1.2 ServerKeyExchange, hashed here, with a scheme that fits form
//   and key (tls_message.h): a captured aloha-tls cannot have anything else signed. aloha-wui and
//   aloha-gateway have one key each. The signatures of each key are counted, logged (debug) and
//   bounded per second.
//
//   Files come sealed to this process (libsodium's sealed box), so that nobody on the way can open
//   them. Reading them is the one place where bytes from outside meet a parser; how much work a
//   file may ask for is bounded (derivation_budget.h), and it is done by a thread of its own.
//
//   No socket but those it was given, no child, no file outside its two folders. Where it is
//   installed setuid to a user of its own (never root), no other process can read its memory or its
//   folder; it keeps the user who started it as its real one, so that the supervisor can end it.
//
// WHEN THINGS FAIL
//   A file in key-dir that is torn, foreign, or encrypted with another passphrase is left alone,
//   and told in the log and in GetInfo. Without the right passphrase nothing is written there
//   either.
//
//   A certificate file that cannot be used is told with the reason; what was read of it before
//   signs on.
//
//   A request that is refused is answered with the reason, counted, and logged, one line in ten
//   seconds.
//
//   When aloha-tls does not read its answers, nothing more is read from it. When it dies, the
//   supervisor brings a channel to the next one. When this process dies, handshakes wait for the
//   next one until their timeout; connections with TLS are untouched.
//
// READING ORDER
//   tls_message.h (what may be signed), private_key.h, signer.h, signing_threads.h (how), folder.h,
//   container.h, key_store.h (where keys are kept), file_content.h, certificate.h, import.h (where
//   they come from), certificate_files.h, transfer.h (the paired node), backup.h, engine.h, role.h.

#include <sodium/core.h>

#include <optional>
#include <string>

#include "workers/keys/library.h"
#include "workers/keys/role.h"
#include "workers/runtime/worker.h"

namespace aloha::keys {
namespace {

struct Options {
  std::string key_dir, secrets_dir;
};

Result<Files> OpenFiles(const Options& options) {
  Files files;
  if (options.key_dir.empty()) return Fail(Code::kInvalidArgument, "--key-dir is missing");
  Result<Folder> keys = Folder::OpenPrivate(options.key_dir);
  if (!keys) return tl::make_unexpected(keys.error());
  files.keys = std::move(*keys);
  if (options.secrets_dir.empty()) return files;
  Result<Folder> secrets = Folder::Open(options.secrets_dir);
  if (!secrets) return tl::make_unexpected(secrets.error());
  Result<Passphrase> passphrase = Passphrase::Read(*secrets);
  if (!passphrase) return tl::make_unexpected(passphrase.error());
  Result<UniqueFd> inotify = FolderWatch::Open();
  if (!inotify) return tl::make_unexpected(inotify.error());
  files.secrets = Secrets{std::move(*secrets), options.secrets_dir, std::move(*inotify)};
  files.passphrase = std::move(*passphrase);
  return files;
}

int Run(int argc, char** argv) {
  Options options;
  std::optional<Files> files;
  RoleDescription description{
      .name = "keys",
      .options = {{"--key-dir", &options.key_dir}, {"--secrets-dir", &options.secrets_dir}},
      .confinement = {.calls = {{"getdents64", "lists the key folder"},
                                {"fsync", "a key is on the disk before it is told to be kept"},
                                {"inotify_add_watch", "sees certificate files change"}}}};
  description.before_confinement = [&]() -> Result<> {
    if (sodium_init() < 0) return Fail(Code::kInternal, "libsodium does not start");
    if (auto ready = PrepareLibrary(); !ready) return ready;
    Result<Files> opened = OpenFiles(options);
    if (!opened) return tl::make_unexpected(opened.error());
    files = std::move(*opened);
    description.confinement.folders.push_back({files->keys->descriptor(), true});
    if (files->secrets)
      description.confinement.folders.push_back({files->secrets->folder.descriptor(), false});
    return {};
  };
  description.make = [&files](WorkerContext context) -> std::unique_ptr<Role> {
    return std::make_unique<KeysRole>(context, std::move(*files));
  };
  return RunWorker(argc, argv, description);
}

}  // namespace
}  // namespace aloha::keys

int main(int argc, char** argv) { return aloha::keys::Run(argc, argv); }
