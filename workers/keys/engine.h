// Everything but gRPC: which keys there are and may sign, imports one at a time, the threads that
// sign.
#ifndef ALOHA_WORKERS_KEYS_ENGINE_H_
#define ALOHA_WORKERS_KEYS_ENGINE_H_

#include <asio/io_context.hpp>
#include <asio/thread_pool.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "worker/v1/backup.pb.h"
#include "worker/v1/roles.pb.h"
#include "worker/v1/transfer.pb.h"
#include "workers/keys/backup.h"
#include "workers/keys/certificate_files.h"
#include "workers/keys/import.h"
#include "workers/keys/key_store.h"
#include "workers/keys/node.h"
#include "workers/keys/signer.h"
#include "workers/keys/signing_threads.h"

namespace aloha::keys {

// What the role runs: a checked KeysSnapshot.
struct Plan {
  std::set<KeyHash> enabled;  // for aloha-tls
  // For aloha-wui and aloha-gateway; nothing: none.
  std::optional<KeyHash> web, management;
  uint32_t max_signatures_per_second = 0;
  std::vector<worker::v1::CertificateFile> files;
};
// kInvalidArgument with the field.
Result<Plan> MakePlan(const worker::v1::KeysSnapshot& snapshot);

// All calls on the loop's thread, where everything is called back, too. Parsing and the key folder
// are a thread's of their own.
class Engine {
 public:
  using Done = std::function<void(const Result<>&)>;

  // The loop and the log outlive the engine. Reads the key folder. secrets: nothing where there is
  // no such folder.
  Engine(asio::io_context& loop, Log& log, KeyStore store, std::optional<Secrets> secrets);
  ~Engine();

  void Apply(Plan plan);
  // The channel to the worker of this role: "tls", "wui" or "gateway"; others are closed. Until the
  // first snapshot is applied, and its files are read, requests wait there: a handshake rather
  // waits than fails.
  void Connect(std::string_view role, UniqueFd socket);

  Result<std::string> SealingPublicKey() const;
  // Request and response live until `done` is called. kResourceExhausted while many wait; else
  // errors as ImportFile, SealingKey::Open and KeyStore::Save.
  void Import(const worker::v1::ImportKeyRequest& request, worker::v1::ImportKeyResponse& response,
              Done done);
  void Create(const worker::v1::CreateSelfSignedRequest& request,
              worker::v1::ImportKeyResponse& response, Done done);
  void Delete(const worker::v1::DeleteKeyRequest& request, Done done);
  void Read(const worker::v1::ReadCertificatesRequest& request,
            worker::v1::ReadCertificatesResponse& response, Done done);
  void List(worker::v1::ListKeysResponse& response) const;

  // Errors as KeyTransfer.
  void SealKey(const worker::v1::SealKeyRequest& request, worker::v1::SealKeyResponse& response,
               Done done);
  void TakeKey(const worker::v1::TakeKeyRequest& request, worker::v1::TakeKeyResponse& response,
               Done done);

  // Errors as KeyBackup.
  void SealBackup(const worker::v1::SealBackupRequest& request,
                  worker::v1::SealBackupResponse& response, Done done);
  void OpenBackup(const worker::v1::OpenBackupRequest& request,
                  worker::v1::OpenBackupResponse& response, Done done);
  void TakeBackupKeys(const worker::v1::OpenBackupRequest& request,
                      worker::v1::TakeBackupKeysResponse& response, Done done);

  // Runs `work` with the node on the thread for imports; `done` with its result.
  void WithNode(std::function<Result<>(Node&)> work, Done done);

  // What was read last of each certificate file, by name.
  const std::map<std::string, worker::v1::CertificateFileContent>& certificate_files() const {
    return files_.contents();
  }
  // Called with the name of each certificate file whose content changed.
  void OnFileChange(std::function<void(const std::string& name)> handler) {
    on_file_change_ = std::move(handler);
  }

  std::vector<std::string> Limitations() const { return store_.Limitations(); }

 private:
  // Runs `work` on the thread for imports, then `use` with its result on the loop; `done` where too
  // much waits.
  template <typename Work, typename Use>
  void Later(const Done& done, Work work, Use use);
  // The same for work that answers nothing.
  void InTurn(std::function<Result<>()> work, Done done);
  // On the thread for imports.
  Result<OpenedBackup> Open(const worker::v1::OpenBackupRequest& request);
  // Saves what was imported; on the thread for imports.
  Result<ImportedKey> Save(Result<ImportedKey> imported);
  // Holds a key, if it is new here. stored: it is in the key folder.
  void Hold(PrivateKey key, bool stored);
  // Drops keys that are neither in the key folder nor in a file nor needed for signing.
  void ForgetUnused();
  void Start();
  // The plan has it sign for somebody.
  bool IsNeeded(const KeyHash& hash) const;
  void Keep(Result<ImportedKey>& imported, worker::v1::ImportKeyResponse& response,
            const Done& done);
  // Gives the signers the tables that follow from keys and plan.
  void Publish();

  asio::io_context& loop_;
  Log& log_;
  KeyStore store_;  // the import thread's, but for what never changes after the start
  Node node_;       // the import thread's
  struct Kept {
    std::shared_ptr<HeldKey> held;
    bool stored = false;  // in the key folder; else read from a file
  };
  // Who may have signed. Each has a signer and threads of its own, so that none can ask for
  // another's key or take its turn.
  struct Client {
    Client(Log& log, size_t num_threads) : signer(log), threads(signer, num_threads) {}

    Signer signer;
    SigningThreads threads;
    UniqueFd early_channel;  // came before the start
  };
  // A key for one purpose, and the one that it took the place of: handshakes that began before may
  // end with it.
  struct OwnKey {
    void Use(const std::optional<KeyHash>& next);

    std::optional<KeyHash> now, before;
  };

  void PublishOwn(const OwnKey& key, Client& client);

  Plan plan_;
  OwnKey web_, management_;
  std::map<KeyHash, Kept> kept_;
  std::map<std::string, Client, std::less<>> clients_;  // by role
  bool started_ = false;
  size_t num_waiting_ = 0;
  std::function<void(const std::string&)> on_file_change_ = [](const std::string&) {};
  asio::thread_pool imports_{1};
  CertificateFiles files_;
};

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_ENGINE_H_
