// The handshakes as a worker: snapshots and descriptors in, the channels to proxy and keys,
// draining.
#ifndef ALOHA_WORKERS_TLS_TLS_ROLE_H_
#define ALOHA_WORKERS_TLS_TLS_ROLE_H_

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "workers/runtime/drain_loop.h"
#include "workers/runtime/worker.h"
#include "workers/tls/engine.h"
#include "workers/tls/tls_service.h"

namespace aloha::tls {

class TlsRole final : public Role {
 public:
  explicit TlsRole(WorkerContext context);

  std::vector<grpc::Service*> Services() override { return {&service_}; }
  Result<> Prepare(const worker::v1::Snapshot& snapshot) override;
  // Ends a drain that is under way: what lives goes on.
  void Commit() override;
  void Abort() override { engine_.Abort(); }
  void Drain(std::chrono::milliseconds timeout, std::function<void(uint32_t cut)> done) override {
    drain_.Start(timeout, std::move(done));
  }
  // Of "proxy" and "keys".
  void OnPeer(const std::string& role, UniqueFd socket) override;
  std::vector<NamedDescriptor> Keepsakes() override { return engine_.Keepsakes(); }

 private:
  WorkerContext context_;
  Engine engine_;
  TlsService service_;
  DrainLoop drain_;
};

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_TLS_ROLE_H_
