// gRPC service aloha.worker.v1.KeyBackup.
#ifndef ALOHA_WORKERS_KEYS_BACKUP_SERVICE_H_
#define ALOHA_WORKERS_KEYS_BACKUP_SERVICE_H_

#include <asio/io_context.hpp>

#include "worker/v1/backup.grpc.pb.h"
#include "workers/keys/engine.h"

namespace aloha::keys {

// Its methods run on gRPC's threads and bring everything to the loop.
class BackupService final : public worker::v1::KeyBackup::CallbackService {
 public:
  // Both outlive the service.
  BackupService(asio::io_context& loop, Engine& engine) : loop_(loop), engine_(engine) {}

  using Reactor = grpc::ServerUnaryReactor;
  using Call = grpc::CallbackServerContext;

  Reactor* SealBackup(Call* call, const worker::v1::SealBackupRequest* request,
                      worker::v1::SealBackupResponse* response) override;
  Reactor* OpenBackup(Call* call, const worker::v1::OpenBackupRequest* request,
                      worker::v1::OpenBackupResponse* response) override;
  Reactor* TakeBackupKeys(Call* call, const worker::v1::OpenBackupRequest* request,
                          worker::v1::TakeBackupKeysResponse* response) override;

 private:
  asio::io_context& loop_;
  Engine& engine_;
};

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_BACKUP_SERVICE_H_
