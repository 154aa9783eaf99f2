#include "workers/keys/backup_service.h"

#include <utility>

#include "workers/runtime/serve.h"

namespace aloha::keys {
namespace v1 = worker::v1;

BackupService::Reactor* BackupService::SealBackup(Call* call, const v1::SealBackupRequest* request,
                                                  v1::SealBackupResponse* response) {
  return ServeLater(loop_, call, [this, request, response](Engine::Done done) {
    engine_.SealBackup(*request, *response, std::move(done));
  });
}

BackupService::Reactor* BackupService::OpenBackup(Call* call, const v1::OpenBackupRequest* request,
                                                  v1::OpenBackupResponse* response) {
  return ServeLater(loop_, call, [this, request, response](Engine::Done done) {
    engine_.OpenBackup(*request, *response, std::move(done));
  });
}

BackupService::Reactor* BackupService::TakeBackupKeys(Call* call,
                                                      const v1::OpenBackupRequest* request,
                                                      v1::TakeBackupKeysResponse* response) {
  return ServeLater(loop_, call, [this, request, response](Engine::Done done) {
    engine_.TakeBackupKeys(*request, *response, std::move(done));
  });
}

}  // namespace aloha::keys
