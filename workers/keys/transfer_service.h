// gRPC service aloha.worker.v1.KeyTransfer.
#ifndef ALOHA_WORKERS_KEYS_TRANSFER_SERVICE_H_
#define ALOHA_WORKERS_KEYS_TRANSFER_SERVICE_H_

#include <asio/io_context.hpp>

#include "worker/v1/transfer.grpc.pb.h"
#include "workers/keys/engine.h"

namespace aloha::keys {

// Its methods run on gRPC's threads and bring everything to the loop.
class TransferService final : public worker::v1::KeyTransfer::CallbackService {
 public:
  // Both outlive the service.
  TransferService(asio::io_context& loop, Engine& engine) : loop_(loop), engine_(engine) {}

  using Reactor = grpc::ServerUnaryReactor;
  using Call = grpc::CallbackServerContext;

  Reactor* SealKey(Call* call, const worker::v1::SealKeyRequest* request,
                   worker::v1::SealKeyResponse* response) override;
  Reactor* TakeKey(Call* call, const worker::v1::TakeKeyRequest* request,
                   worker::v1::TakeKeyResponse* response) override;
  Reactor* SealSecret(Call* call, const worker::v1::SealSecretRequest* request,
                      worker::v1::SealSecretResponse* response) override;
  Reactor* OpenSecret(Call* call, const worker::v1::OpenSecretRequest* request,
                      worker::v1::OpenSecretResponse* response) override;

 private:
  asio::io_context& loop_;
  Engine& engine_;
};

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_TRANSFER_SERVICE_H_
