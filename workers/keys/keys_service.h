// gRPC service aloha.worker.v1.Keys.
#ifndef ALOHA_WORKERS_KEYS_KEYS_SERVICE_H_
#define ALOHA_WORKERS_KEYS_KEYS_SERVICE_H_

#include <asio/io_context.hpp>
#include <set>

#include "worker/v1/roles.grpc.pb.h"
#include "workers/keys/engine.h"

namespace aloha::keys {

// Its methods run on gRPC's threads and bring everything to the loop.
class KeysService final : public worker::v1::Keys::CallbackService {
 public:
  // Both outlive the service.
  KeysService(asio::io_context& loop, Engine& engine);

  grpc::ServerUnaryReactor* GetSealingKey(grpc::CallbackServerContext* call,
                                          const worker::v1::GetSealingKeyRequest* request,
                                          worker::v1::GetSealingKeyResponse* response) override;
  grpc::ServerUnaryReactor* ImportKey(grpc::CallbackServerContext* call,
                                      const worker::v1::ImportKeyRequest* request,
                                      worker::v1::ImportKeyResponse* response) override;
  grpc::ServerUnaryReactor* CreateSelfSigned(grpc::CallbackServerContext* call,
                                             const worker::v1::CreateSelfSignedRequest* request,
                                             worker::v1::ImportKeyResponse* response) override;
  grpc::ServerUnaryReactor* ListKeys(grpc::CallbackServerContext* call,
                                     const worker::v1::ListKeysRequest* request,
                                     worker::v1::ListKeysResponse* response) override;
  grpc::ServerUnaryReactor* DeleteKey(grpc::CallbackServerContext* call,
                                      const worker::v1::DeleteKeyRequest* request,
                                      worker::v1::DeleteKeyResponse* response) override;
  grpc::ServerUnaryReactor* ReadCertificates(
      grpc::CallbackServerContext* call, const worker::v1::ReadCertificatesRequest* request,
      worker::v1::ReadCertificatesResponse* response) override;
  grpc::ServerWriteReactor<worker::v1::CertificateFileContent>* WatchCertificateFiles(
      grpc::CallbackServerContext* call,
      const worker::v1::WatchCertificateFilesRequest* request) override;

 private:
  class Watcher;

  asio::io_context& loop_;
  Engine& engine_;
  std::set<Watcher*> watchers_;
};

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_KEYS_SERVICE_H_
