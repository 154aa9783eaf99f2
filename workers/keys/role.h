// The role "keys": what the supervisor asks of it, and the channels to those who have handshakes
// signed.
#ifndef ALOHA_WORKERS_KEYS_ROLE_H_
#define ALOHA_WORKERS_KEYS_ROLE_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "workers/keys/backup_service.h"
#include "workers/keys/engine.h"
#include "workers/keys/keys_service.h"
#include "workers/keys/node_service.h"
#include "workers/keys/transfer_service.h"
#include "workers/runtime/worker.h"

namespace aloha::keys {

// What is opened before confinement.
struct Files {
  std::optional<Folder> keys;
  std::optional<Secrets> secrets;  // nothing: none was named
  Passphrase passphrase;
};

class KeysRole final : public Role {
 public:
  KeysRole(WorkerContext context, Files files);

  std::vector<grpc::Service*> Services() override {
    return {&service_, &node_, &transfer_, &backup_};
  }
  Result<> Prepare(const worker::v1::Snapshot& snapshot) override;
  void Commit() override;
  void Abort() override { prepared_.reset(); }
  // Signs on until the process ends: handshakes under way need it, and none begins with it.
  void Drain(std::chrono::milliseconds timeout, std::function<void(uint32_t cut)> done) override;
  void OnPeer(const std::string& role, UniqueFd socket) override;
  std::vector<std::string> Limitations() override { return engine_.Limitations(); }

 private:
  Engine engine_;
  KeysService service_;
  NodeService node_;
  TransferService transfer_;
  BackupService backup_;
  std::optional<Plan> prepared_;
};

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_ROLE_H_
